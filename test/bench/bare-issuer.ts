import cluster from 'node:cluster'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Context } from 'koa'
import { type KoaContextWithOIDC, Provider } from 'oidc-provider'

/**
 * The floor of the protocol endpoints: oidc-provider as it comes, in memory, without a rule of ours; whoever asks is signed in.
 * Started by the benchmark as a process of its own with client secret and number of processes; tells its port on stdout. What one
 * process issues another does not know: a load stays on its connection.
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
  // A connection is kept while others have their turn: the next one may lead to another process.
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    server.on('request', createIssuer(`http://localhost:${port}`).callback())
    if (cluster.isWorker) process.send?.(port)
    else console.log(port)
  })
  process.on('disconnect', () => process.exit(0))
}

function createIssuer(issuer: string): Provider {
  const authentication = { client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_basic' } as const
  const service = {
    client_id: 'demo-service',
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
  }
  const portal = {
    client_id: 'demo-portal',
    redirect_uris: ['http://localhost/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
  }
  const provider = new Provider(issuer, {
    clients: [
      { ...service, response_types: [], ...authentication },
      { ...portal, response_types: ['code'], ...authentication },
    ],
    scopes: ['openid', 'offline_access', 'profile'],
    claims: { openid: ['sub'], profile: ['given_name', 'family_name', 'name', 'birthdate', 'preferred_username'] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
    },
    rotateRefreshToken: () => true,
    issueRefreshToken: async () => true,
    findAccount: (_ctx, accountId) => ({ accountId, claims: async () => ({ sub: accountId, ...person }) }),
    loadExistingGrant: grantAll,
  })
  provider.use(async (ctx: Context, next) => {
    if (!ctx.path.startsWith('/interaction/')) return await next()
    ctx.respond = false
    await provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: 'rosa.probe' } })
  })
  return provider
}

const person = { given_name: 'Rosa', family_name: 'Probe', birthdate: '1980-01-01', preferred_username: 'rosa.probe' }

async function grantAll({ oidc }: KoaContextWithOIDC) {
  const { accountId } = oidc.session ?? {}
  const { clientId } = oidc.client ?? {}
  const known = clientId && oidc.session?.grantIdFor(clientId)
  if (known) return await oidc.provider.Grant.find(known)
  const grant = new oidc.provider.Grant({ accountId, clientId })
  grant.addOIDCScope('openid profile offline_access')
  await grant.save()
  return grant
}
