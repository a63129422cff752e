import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { exportJWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../../src/domain/clients/client.ts'
import { createArtefactAdapterFactory } from '../../src/oidc/adapters/artefact-adapter.ts'
import { describeOnEveryStore, encryption } from './support/adapters.ts'
import { authorize } from './support/flows.ts'
import { clients, type Harness, startHarness } from './support/harness.ts'

const sixteen = Array.from({ length: 16 })
const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const assertionKey = pair()
const proofKey = pair()
const signed = (kid: string) => exportJWK(assertionKey.publicKey).then((jwk) => ({ ...jwk, kid, alg: 'ES256' }))
const seconds = () => Math.floor(Date.now() / 1000)

/** Applications that prove themselves with a key, at two processes on one store. */
async function startTwo(store: Parameters<typeof createArtefactAdapterFactory>[0]['store']) {
  const jwks = { keys: [await signed('key-1')] }
  const keyed = {
    tokenEndpointAuthMethod: 'private_key_jwt' as const,
    secretHashes: [] as string[],
    jwks,
  } satisfies Partial<Client>
  const [portal, service] = ['portal', 'service'].map((id) => clients.find(({ clientId }) => clientId === id) as Client)
  const registered = [
    { ...(portal as Client), ...keyed, clientId: 'keyed-portal' },
    { ...(service as Client), ...keyed, clientId: 'keyed-service' },
    ...clients,
  ]
  const start = (issuer?: string) =>
    startHarness(createArtefactAdapterFactory({ store, encryption }), {
      clients: registered,
      ...(issuer ? { issuer } : {}),
    })
  const first = await start()
  return [first, await start(first.issuer)] as [Harness, Harness]
}

async function assertion(clientId: string, issuer: string, claims: Record<string, unknown> = {}): Promise<string> {
  const payload = { iss: clientId, sub: clientId, aud: issuer, jti: randomUUID(), exp: seconds() + 60, ...claims }
  return await new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'key-1' }).sign(assertionKey.privateKey)
}

async function proof(url: string, claims: Record<string, unknown> = {}): Promise<string> {
  const jwk = await exportJWK(proofKey.publicKey)
  return await new SignJWT({ htm: 'POST', htu: url, jti: randomUUID(), iat: seconds(), ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
    .sign(proofKey.privateKey)
}

const authenticated = (clientAssertion: string, body: Record<string, string>) =>
  new URLSearchParams({
    ...body,
    client_assertion: clientAssertion,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  })

type Answer = { status: number; error: string | undefined }
const read = async (response: Response): Promise<Answer> => {
  const text = await response.text()
  return { status: response.status, error: text.startsWith('{') ? JSON.parse(text).error : undefined }
}

describeOnEveryStore(
  'what is good for one time',
  (current) => {
    let both: [Harness, Harness]
    beforeAll(async () => {
      both = await startTwo(current().store)
    })
    afterAll(() => Promise.all(both.map((each) => each.close())))

    /** The same request 16 times at once, at both processes in turn; then once more. */
    const race = async (send: (at: string) => Promise<Response>) => {
      const answers = await Promise.all(sixteen.map(async (_, i) => read(await send(both[(i % 2) as 0 | 1].issuer))))
      return { answers, later: await read(await send(both[0].issuer)) }
    }
    const once = ({ answers, later }: Awaited<ReturnType<typeof race>>, taken: number, refusal: Answer) => {
      expect(answers.filter(({ status }) => status === taken)).toHaveLength(1)
      expect(answers.filter(({ status }) => status !== taken)).toEqual(answers.slice(1).map(() => refusal))
      expect(later).toEqual(refusal)
    }

    describe.each([
      ['token', '/oidc/token', 'keyed-service', { grant_type: 'client_credentials', scope: 'reports:read' }, 200],
      ['introspection', '/oidc/token/introspection', 'keyed-service', { token: 'unknown' }, 200],
      ['revocation', '/oidc/token/revocation', 'keyed-service', { token: 'unknown' }, 200],
      ['pushed request', '/oidc/par', 'keyed-portal', pushed(), 201],
    ] as const)('at the %s endpoint', (_name, path, clientId, body, taken) => {
      it('takes a client assertion once of 16 at once at two processes', async () => {
        const given = authenticated(await assertion(clientId, both[0].issuer), body)
        const outcome = await race((at) => fetch(at + path, { method: 'POST', body: given }))
        once(outcome, taken, { status: 401, error: 'invalid_client' })
      })
    })

    it('refuses a client assertion that would have to be remembered for longer than an hour', async () => {
      for (const exp of [seconds() + 2 * 3600, seconds() + 1e12]) {
        const body = authenticated(await assertion('keyed-service', both[0].issuer, { exp }), { token: 'unknown' })
        const response = await fetch(`${both[0].issuer}/oidc/token/introspection`, { method: 'POST', body })
        expect(await read(response)).toEqual({ status: 401, error: 'invalid_client' })
      }
    })

    it('takes an assertion that ends at a fraction of a second', async () => {
      const exp = Date.now() / 1000 + 60.1234
      const body = authenticated(await assertion('keyed-service', both[0].issuer, { exp }), { token: 'unknown' })
      const outcome = await race((at) => fetch(`${at}/oidc/token/introspection`, { method: 'POST', body }))
      once(outcome, 200, { status: 401, error: 'invalid_client' })
    })

    it('takes a DPoP proof once for tokens, for a pushed request and for userinfo', async () => {
      const { issuer } = both[0]
      const service = { grant_type: 'client_credentials', scope: 'reports:read' }
      const dPoP = async (path: string, clientId: string, body: Record<string, string>) => {
        const DPoP = await proof(issuer + path)
        return await race(async (at) => {
          const given = authenticated(await assertion(clientId, issuer), body)
          return await fetch(at + path, { method: 'POST', body: given, headers: { DPoP } })
        })
      }
      const refused = { status: 400, error: 'invalid_dpop_proof' }
      once(await dPoP('/oidc/token', 'keyed-service', service), 200, refused)
      once(await dPoP('/oidc/par', 'keyed-portal', pushed()), 201, refused)

      const token = await boundToken(both[0])
      const ath = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(token))).toString('base64url')
      const headers = {
        authorization: `DPoP ${token}`,
        DPoP: await proof(`${issuer}/oidc/userinfo`, { htm: 'GET', ath }),
      }
      const outcome = await race((at) => fetch(`${at}/oidc/userinfo`, { headers }))
      once(outcome, 200, { status: 401, error: 'invalid_dpop_proof' })
    })

    it('gives one code for a pushed request that 16 browsers bring at once', async () => {
      const { issuer } = both[0]
      const body = authenticated(await assertion('keyed-portal', issuer), pushed())
      const response = await fetch(`${issuer}/oidc/par`, { method: 'POST', body })
      const { request_uri } = (await response.json()) as { request_uri: string }
      const url = `/oidc/auth?${new URLSearchParams({ client_id: 'keyed-portal', request_uri })}`
      const arrivals = await Promise.all(sixteen.map(() => both[0].browser().visit(url)))
      const codes = arrivals.map(({ away }) => away?.searchParams.get('code')).filter(Boolean)
      expect(codes).toHaveLength(1)
      for (const { response: end } of arrivals) expect(end.status).toBeLessThan(500)
    })
  },
  ['single'],
)

function pushed() {
  return {
    client_id: 'keyed-portal',
    redirect_uri: 'https://portal.example/callback',
    response_type: 'code',
    scope: 'openid',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  }
}

/** An access token of a member that is bound to the proof's key. */
async function boundToken(harness: Harness): Promise<string> {
  const { issuer } = harness
  const { answer, verifier } = await authorize(harness.browser(), 'keyed-portal', {
    redirect_uri: 'https://portal.example/callback',
  })
  const body = authenticated(await assertion('keyed-portal', issuer), {
    grant_type: 'authorization_code',
    code: answer.code ?? '',
    code_verifier: verifier,
    redirect_uri: 'https://portal.example/callback',
  })
  const DPoP = await proof(`${issuer}/oidc/token`)
  const response = await fetch(`${issuer}/oidc/token`, { method: 'POST', body, headers: { DPoP } })
  return ((await response.json()) as { access_token: string }).access_token
}
