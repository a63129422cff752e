import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Config } from '../../config.ts'
import { hashToken } from '../../crypto/field-encryption.ts'
import { StartUpError } from '../../errors.ts'
import { type ClientFile, type ClientFileContent, loadClients, readClientFile } from '../clients.ts'
import { applyDemoOverrides } from './demo-overrides.ts'
import { readReference, type Sources } from './references.ts'

/** A file of applications of this installation. */
export type ClientSource = {
  /** What the clients of the file are known by. */
  name: string
  path: string
  /** Digest of its text and of what it rests on, as far as that is known; undefined when it cannot be read. */
  digest(restsOn: readonly string[]): string | undefined
  /** @throws StartUpError naming every fault by file, line, field and mend. */
  read(): ClientFileContent
}

type Settings = Pick<Config, 'configDir' | 'variables' | 'demo'>

/** How an entry is understood: with another number every file is applied anew. */
const reading = 1

/**
 * The file that an operator writes, and in development the demo's; `demoPort`: where the demo's applications are.
 * @throws StartUpError by `read`
 */
export function clientSources(config: Settings, demoPort: number | undefined): ClientSource[] {
  const { configDir, demo } = config
  const environment = demo ? { ...config.variables, DEMO_CLIENT_SECRET: demo.clientSecret } : config.variables
  const own = createSource({ path: join(configDir, 'clients.yaml') }, 'clients.yaml', { environment, configDir })
  if (!demo) return [{ ...own, read: () => withDefault(own.path, own.read()) }]
  const file = { path: join(configDir, 'demo/clients.yaml'), demoOrigin: `http://localhost:${demoPort}` }
  const overrides = { redirectUris: demo.redirectUris, secret: demo.clientSecret }
  const ofDemo = createSource(file, 'demo/clients.yaml', { environment, configDir, more: JSON.stringify(overrides) })
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

/** The file that an operator writes. */
export function ownClientSource(config: Settings): ClientSource {
  const [own] = clientSources(config, undefined)
  return own as ClientSource
}

type Parts = { environment: Sources['environment']; configDir: string; more?: string }

function createSource(file: ClientFile, name: string, { environment, configDir, more = '' }: Parts): ClientSource {
  return {
    name,
    path: file.path,
    digest(restsOn) {
      const values = restsOn.map((from) => readReference(from, { environment, baseDir: configDir }))
      try {
        const parts = [
          reading,
          readClientFile(file),
          hashToken(more),
          ...values.map((value) => value && hashToken(value)),
        ]
        return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
      } catch {
        return undefined
      }
    },
    read: () => loadClients({ file, environment, baseDir: configDir }),
  }
}

/** Letters and e-mails lead to `/anmeldung`, and that to the default application. */
function withDefault(path: string, content: ClientFileContent): ClientFileContent {
  const signsIn = content.clients.some((client) => client.kind !== 'service')
  if (signsIn && !content.defaultClient)
    throw new StartUpError(`${path}: default_client is missing; /anmeldung leads to it.`)
  return content
}
