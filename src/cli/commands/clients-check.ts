import { loadClientCheck } from '../../app/services/clients.ts'
import { ownClientSources } from '../../config/clients/sources.ts'
import { loadConfig } from '../../config.ts'
import type { Client } from '../../domain/clients/client.ts'
import { StartUpError } from '../../errors.ts'
import { probeKeySet } from '../../gateways/key-set-probe.ts'
import { readTogether } from '../../services/clients/take-files.ts'
import type { CliCommand, CliResult } from '../frame.ts'

/** What lies in the database alone. */
const unseen = 'Whether others have registered one of the ids is seen by clients:apply --dry-run.'

/** Checks `clients.yaml` without starting anything; exit code 1 when an entry is wrong. */
export const clientsCheck: CliCommand = {
  name: 'clients:check',
  description:
    'check the files of applications; every fault is named by file, line, field and mend, and what fails with some applications',
  define: (command) =>
    command.argument(
      '[file...]',
      'these files and folders (default: clients.yaml of CONFIG_DIR and its folder clients)',
    ),
  async run(args, _options, io) {
    const config = loadConfig(io.variables)
    let paths = args
    const refuse = (text: string): CliResult => ({
      ...{ exitCode: 1, text, json: { path: paths[0], paths, faults: text.split('\n') } },
    })
    try {
      const sources = ownClientSources(config, args, { elsewhere: 'clients.yaml' })
      paths = sources.map(({ path }) => path)
      const contents = readTogether(sources)
      const clients = contents.flatMap((content) => content.clients)
      const check = await loadClientCheck()
      const faults = contents.flatMap(({ path, clients }) =>
        clients.flatMap((client) => {
          const fault = check(client)
          return fault ? `${path}: ${client.clientId} is not valid: ${fault}` : []
        }),
      )
      if (faults.length > 0) return refuse(faults.join('\n'))
      const warnings = [
        ...contents.flatMap((content) => content.warnings),
        ...(await keySetWarnings(clients, config.privateClientHosts)),
      ]
      const counts = `${clients.length} applications, no fault, ${warnings.length} warnings.`
      return {
        exitCode: 0,
        text: [...warnings.map((warning) => `Warning: ${warning}`), `${paths.join(', ')}: ${counts}`, unseen].join(
          '\n',
        ),
        json: {
          ...{ path: paths[0], paths },
          clients: clients.map(({ clientId }) => clientId),
          contacts: Object.fromEntries(clients.map(({ clientId, contacts }) => [clientId, contacts])),
          warnings,
        },
      }
    } catch (error) {
      if (!(error instanceof StartUpError)) throw error
      return refuse(error.message)
    }
  },
}

/** Fetches every key set once: one that cannot be read refuses all requests of its application. */
async function keySetWarnings(clients: readonly Client[], privateHosts: readonly string[]): Promise<string[]> {
  const looks = clients.map(async ({ clientId, jwksUri }) => {
    const fault = jwksUri && (await probeKeySet(jwksUri, privateHosts))
    return fault ? `${clientId}: jwks_uri ${fault}` : []
  })
  return (await Promise.all(looks)).flat()
}
