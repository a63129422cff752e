import { dirname, join } from 'node:path'
import { loadClients } from '../config/clients.ts'
import { loadConfig } from '../config.ts'
import { StartUpError } from '../errors.ts'
import type { CliCommand } from './frame.ts'

/** Checks `clients.yaml` without starting anything; exit code 1 when an entry is wrong. */
export const clientsCheck: CliCommand = {
  name: 'clients:check',
  description: 'check clients.yaml; every fault is named by file, line, field and mend',
  define: (command) => command.argument('[file]', 'another file of applications (default: clients.yaml of CONFIG_DIR)'),
  async run(args, _options, io) {
    const config = loadConfig(io.variables)
    const path = args[0] ?? join(config.configDir, 'clients.yaml')
    try {
      const files = [{ path }]
      const { clients } = loadClients({ files, environment: config.variables, baseDir: dirname(path) })
      const ids = clients.map((client) => client.clientId)
      return { exitCode: 0, text: `${path}: ${ids.length} applications, no fault.`, json: { path, clients: ids } }
    } catch (error) {
      if (!(error instanceof StartUpError)) throw error
      return { exitCode: 1, text: error.message, json: { path, faults: error.message.split('\n') } }
    }
  },
}
