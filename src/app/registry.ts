import { join } from 'node:path'
import { type ClientRegistry, loadClientFile } from '../config/client-registry.ts'
import type { Config } from '../config.ts'
import { StartUpError } from '../errors.ts'

/**
 * Loads the applications: `clients.yaml`, and in development the demo's beside them.
 * @throws StartUpError naming every fault by file, line and field.
 */
export function loadRegistry(config: Config, demoPort: number | undefined): ClientRegistry {
  const { variables, configDir } = config
  const own = loadClientFile(join(configDir, 'clients.yaml'), { variables })
  if (!config.demo) {
    if (own.clients.some((client) => client.kind !== 'service') && !own.defaultClient)
      throw new StartUpError(`${join(configDir, 'clients.yaml')}: default_client is missing; /anmeldung leads to it.`)
    return own
  }
  const demo = loadClientFile(join(configDir, 'demo/clients.yaml'), {
    variables: { ...variables, DEMO_CLIENT_SECRET: config.demo.clientSecret },
    placeholders: { demo_origin: `http://localhost:${demoPort}` },
  })
  addRedirects(demo, config.demo.redirectUris)
  const taken = own.clients.find(({ clientId }) => demo.clients.some((client) => client.clientId === clientId))
  if (taken)
    throw new StartUpError(`clients.yaml: ${taken.clientId} is the name of a demo application; choose another.`)
  return { clients: [...own.clients, ...demo.clients], defaultClient: own.defaultClient ?? demo.defaultClient }
}

/** `DEMO_REDIRECT_URIS`: adds addresses, for `demo-third-party` it replaces them (contract.md, "Demo clients"). */
function addRedirects({ clients }: ClientRegistry, list = ''): void {
  const replaced = new Set<string>()
  for (const pair of list.split(',').filter(Boolean)) {
    const separator = pair.indexOf('=')
    const [clientId, uri] = [pair.slice(0, separator).trim(), pair.slice(separator + 1).trim()]
    const client = clients.find((each) => each.clientId === clientId)
    if (!client || !URL.canParse(uri))
      throw new StartUpError(
        `DEMO_REDIRECT_URIS: ${pair} must read clientId=address with the id of a demo application.`,
      )
    if (clientId === 'demo-third-party' && !replaced.has(clientId)) client.redirectUris = []
    replaced.add(clientId)
    client.redirectUris.push(uri)
  }
}
