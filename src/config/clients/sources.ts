import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { Config } from '../../config.ts'
import { StartUpError } from '../../errors.ts'
import { type ClientFileContent, loadClients } from '../clients.ts'
import { type Beside, readBeside } from './beside.ts'
import { applyDemoOverrides } from './demo-overrides.ts'
import { type ClientFile, createReading } from './reading.ts'
import type { Places } from './references.ts'

/** A file of applications of this installation. */
export type ClientSource = {
  /** What the clients of the file are known by: where it stands below CONFIG_DIR. */
  name: string
  path: string
  /** Digest, now, of its text and of what it rests on, as far as that is known; undefined when it cannot be read. */
  digest(restsOn: readonly string[]): string | undefined
  /**
   * What it says, and the digest of just that.
   * @throws StartUpError naming every fault by file, line, field and mend
   */
  read(): ClientFileContent & { digest: string }
}

/** What applications of the demo are known by. */
export const demoClientFile = 'demo/clients.yaml'

const mainFile = 'clients.yaml'
/** The folder whose files are one state with clients.yaml. */
const folder = 'clients'
const isYaml = (name: string) => /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,59}\.ya?ml$/.test(name)

type Settings = Pick<Config, 'configDir' | 'variables' | 'demo'>

/**
 * The files that operators write, and in development the demo's; `demoPort`: where the demo's applications are.
 * @throws StartUpError by `read`
 */
export function clientSources(config: Settings, demoPort: number | undefined): ClientSource[] {
  const { configDir, demo } = config
  const own = ownClientSources(config)
  if (!demo) return own
  const file = { path: join(configDir, demoClientFile), demoOrigin: `http://localhost:${demoPort}` }
  const overrides = { redirectUris: demo.redirectUris, secret: demo.clientSecret }
  const places = { environment: environmentOf(config), baseDir: configDir }
  const ofDemo = createSource({ ...places, file, name: demoClientFile, more: JSON.stringify(overrides) })
  return [
    ...own,
    {
      ...ofDemo,
      read() {
        const content = ofDemo.read()
        return { ...content, clients: applyDemoOverrides(content.clients, overrides) }
      },
    },
  ]
}

type Placing = { standsAs?: string | undefined; elsewhere?: string | undefined }

/**
 * The files that operators write: clients.yaml and those of the folder clients beside it, or those that are `given` by their paths, also
 * as folders. `standsAs`: what they are to be below CONFIG_DIR; `elsewhere`: what one counts as that stands elsewhere, when nobody says.
 * @throws StartUpError for what is no place of such a file
 */
export function ownClientSources(
  config: Settings,
  given: readonly string[] = [],
  placing: Placing = {},
): ClientSource[] {
  const files = filesOf(config)
  const chosen = new Map<string, string>()
  for (const path of given.flatMap(filesAt)) {
    const name = nameOf(config, path, placing)
    if ((chosen.get(name) ?? path) !== path) throw new StartUpError(`${path} and ${chosen.get(name)} are both ${name}.`)
    chosen.set(name, path)
  }
  return [...(given.length > 0 ? chosen : files)].map(([name, path]) => {
    const beside = () => readBeside([...files].filter(([other]) => other !== name).map(([, each]) => each))
    const places = { environment: environmentOf(config), baseDir: dirname(path) }
    return createSource({ ...places, file: { path }, name, beside, needsDefault: !config.demo })
  })
}

/** The files of an installation by their names; clients.yaml, also when it is not there. */
function filesOf({ configDir }: Settings): Map<string, string> {
  const main = [mainFile, join(configDir, mainFile)] as const
  let names: string[] = []
  try {
    names = readdirSync(join(configDir, folder)).filter(isYaml).sort()
  } catch {
    // There is no such folder.
  }
  return new Map([main, ...names.map((name) => [`${folder}/${name}`, join(configDir, folder, name)] as const)])
}

/** A path, or what a folder holds. @throws StartUpError when it holds no file of applications */
function filesAt(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [resolve(path)]
  const names = readdirSync(path).filter(isYaml).sort()
  if (names.length === 0) throw new StartUpError(`${path} holds no .yaml file.`)
  return names.map((name) => resolve(path, name))
}

/** What a file is known by. @throws StartUpError when it stands, or is to stand, where a start would not look */
function nameOf({ configDir }: Settings, path: string, { standsAs, elsewhere }: Placing): string {
  const here = relative(resolve(configDir), path).split(sep).join('/')
  const name = standsAs === folder ? `${folder}/${basename(path)}` : (standsAs ?? here)
  const [first, file, ...rest] = name.split('/')
  if (name === mainFile || (first === folder && isYaml(file ?? '') && rest.length === 0)) return name
  if (standsAs === undefined && elsewhere !== undefined) return elsewhere
  if (standsAs !== undefined)
    throw new StartUpError(
      `${standsAs} is no place of a file of applications: say ${mainFile} or ${folder}/<name>.yaml.`,
    )
  throw new StartUpError(
    `${path} is neither ${mainFile} of CONFIG_DIR nor in its folder ${folder}; say with --as what it is to be there, for example --as ${folder}/${basename(path)}.`,
  )
}

const environmentOf = ({ variables, demo }: Settings): Places['environment'] =>
  demo ? { ...variables, DEMO_CLIENT_SECRET: demo.clientSecret } : variables

type Parts = Places & { file: ClientFile; name: string; needsDefault?: boolean; more?: string; beside?(): Beside }

const nothing: Beside = { defaultIn: undefined, resources: [] }

function createSource({ name, more = '', beside = () => nothing, ...parts }: Parts): ClientSource {
  const readingBeside = ({ resources }: Beside) =>
    createReading(parts.file, parts, more + (resources.length > 0 ? JSON.stringify(resources) : ''))
  return {
    name,
    path: parts.file.path,
    digest(references) {
      try {
        return readingBeside(beside()).digest(references)
      } catch {
        return undefined
      }
    },
    read() {
      const others = beside()
      const reading = readingBeside(others)
      const impliedResource =
        name === mainFile || name === demoClientFile ? 'services' : `services of ${basename(name)}`
      const content = loadClients({ ...parts, reading, beside: others, impliedResource })
      return { ...content, digest: reading.digest(content.references) }
    },
  }
}
