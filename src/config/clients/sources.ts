import { dirname, join } from 'node:path'
import type { Config } from '../../config.ts'
import { type ClientFileContent, loadClients } from '../clients.ts'
import { applyDemoOverrides } from './demo-overrides.ts'
import { type ClientFile, createReading } from './reading.ts'
import type { Places } from './references.ts'

/** A file of applications of this installation. */
export type ClientSource = {
  /** What the clients of the file are known by. */
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

type Settings = Pick<Config, 'configDir' | 'variables' | 'demo'>

/**
 * The file that an operator writes, and in development the demo's; `demoPort`: where the demo's applications are.
 * @throws StartUpError by `read`
 */
export function clientSources(config: Settings, demoPort: number | undefined): ClientSource[] {
  const { configDir, demo } = config
  const own = ownClientSource(config)
  if (!demo) return [own]
  const file = { path: join(configDir, demoClientFile), demoOrigin: `http://localhost:${demoPort}` }
  const overrides = { redirectUris: demo.redirectUris, secret: demo.clientSecret }
  const places = { environment: environmentOf(config), baseDir: configDir }
  const ofDemo = createSource({ ...places, file, name: demoClientFile, more: JSON.stringify(overrides) })
  return [
    own,
    {
      ...ofDemo,
      read() {
        const content = ofDemo.read()
        return { ...content, clients: applyDemoOverrides(content.clients, overrides) }
      },
    },
  ]
}

/** The file that an operator writes; `path` for one that is to become it. */
export function ownClientSource(config: Settings, path = join(config.configDir, 'clients.yaml')): ClientSource {
  const places = { environment: environmentOf(config), baseDir: dirname(path) }
  return createSource({ ...places, file: { path }, name: 'clients.yaml', needsDefault: !config.demo })
}

const environmentOf = ({ variables, demo }: Settings): Places['environment'] =>
  demo ? { ...variables, DEMO_CLIENT_SECRET: demo.clientSecret } : variables

type Parts = Places & { file: ClientFile; name: string; needsDefault?: boolean; more?: string }

function createSource({ name, more, ...parts }: Parts): ClientSource {
  return {
    name,
    path: parts.file.path,
    digest(references) {
      try {
        return createReading(parts.file, parts, more).digest(references)
      } catch {
        return undefined
      }
    },
    read() {
      const reading = createReading(parts.file, parts, more)
      const content = loadClients({ ...parts, reading })
      return { ...content, digest: reading.digest(content.references) }
    },
  }
}
