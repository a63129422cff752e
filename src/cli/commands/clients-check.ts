import { dirname, join } from 'node:path'
import { loadClients } from '../../config/clients.ts'
import { loadConfig } from '../../config.ts'
import type { Client } from '../../domain/clients/client.ts'
import { StartUpError } from '../../errors.ts'
import { probeKeySet } from '../../gateways/key-set-probe.ts'
import type { CliCommand } from '../frame.ts'

/** Checks `clients.yaml` without starting anything; exit code 1 when an entry is wrong. */
export const clientsCheck: CliCommand = {
  name: 'clients:check',
  description:
    'check clients.yaml; every fault is named by file, line, field and mend, and what fails with some applications',
  define: (command) => command.argument('[file]', 'another file of applications (default: clients.yaml of CONFIG_DIR)'),
  async run(args, _options, io) {
    const config = loadConfig(io.variables)
    const path = args[0] ?? join(config.configDir, 'clients.yaml')
    try {
      const content = loadClients({ file: { path }, environment: config.variables, baseDir: dirname(path) })
      const { clients } = content
      const warnings = [...content.warnings, ...(await keySetWarnings(clients, config.privateClientHosts))]
      const counts = `${clients.length} applications, no fault, ${warnings.length} warnings.`
      return {
        exitCode: 0,
        text: [...warnings.map((warning) => `Warning: ${warning}`), `${path}: ${counts}`].join('\n'),
        json: {
          path,
          clients: clients.map(({ clientId }) => clientId),
          contacts: Object.fromEntries(clients.map(({ clientId, contacts }) => [clientId, contacts])),
          warnings,
        },
      }
    } catch (error) {
      if (!(error instanceof StartUpError)) throw error
      return { exitCode: 1, text: error.message, json: { path, faults: error.message.split('\n') } }
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
