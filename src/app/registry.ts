import { join } from 'node:path'
import { applyDemoOverrides } from '../config/clients/demo-overrides.ts'
import { loadClients, type Registry } from '../config/clients.ts'
import type { Config } from '../config.ts'
import { StartUpError } from '../errors.ts'

/**
 * Loads the applications: `clients.yaml`, and in development the demo's beside them.
 * @throws StartUpError naming every fault by file, line, field and mend.
 */
export function loadRegistry(config: Config, demoPort: number | undefined): Registry {
  const { variables, configDir, demo } = config
  const own = { path: join(configDir, 'clients.yaml') }
  if (!demo) {
    const registry = loadClients({ files: [own], environment: variables, baseDir: configDir })
    const signsIn = registry.clients.some((client) => client.kind !== 'service')
    if (signsIn && !registry.defaultClient)
      throw new StartUpError(`${own.path}: default_client is missing; /anmeldung leads to it.`)
    return registry
  }
  const demoFile = { path: join(configDir, 'demo/clients.yaml'), demoOrigin: `http://localhost:${demoPort}` }
  const environment = { ...variables, DEMO_CLIENT_SECRET: demo.clientSecret }
  const registry = loadClients({ files: [own, demoFile], environment, baseDir: configDir })
  // What stands in clients.yaml keeps its own secret.
  const ofDemo = (clientId: string) => clientId.startsWith('demo-')
  const clients = [
    ...registry.clients.filter((client) => !ofDemo(client.clientId)),
    ...applyDemoOverrides(
      registry.clients.filter((client) => ofDemo(client.clientId)),
      { redirectUris: demo.redirectUris, secret: demo.clientSecret },
    ),
  ]
  const { defaultClient, warnings } = registry
  return { clients, warnings, defaultClient: clients.find((client) => client.clientId === defaultClient?.clientId) }
}
