import cluster from 'node:cluster'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'

/**
 * The floor of the token endpoint: oidc-provider as it comes, in memory, without a rule of ours. Started by the benchmark as
 * a process of its own with client secret and number of processes; tells its port on stdout.
 */
const [clientSecret = '', processes = '1'] = process.argv.slice(2)

if (cluster.isPrimary && Number(processes) > 1) {
  let ready = 0
  cluster.on('message', (_worker, port) => {
    if (++ready === Number(processes)) console.log(port)
  })
  for (let index = 0; index < Number(processes); index++) cluster.fork()
  process.on('SIGTERM', () => process.exit(0))
} else {
  const server = createServer()
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    server.on('request', createIssuer(`http://localhost:${port}`).callback())
    if (cluster.isWorker) process.send?.(port)
    else console.log(port)
  })
  process.on('disconnect', () => process.exit(0))
}

function createIssuer(issuer: string): Provider {
  const client = { client_id: 'demo-service', client_secret: clientSecret, redirect_uris: [], response_types: [] }
  return new Provider(issuer, {
    clients: [{ ...client, grant_types: ['client_credentials'], token_endpoint_auth_method: 'client_secret_basic' }],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
    },
  })
}
