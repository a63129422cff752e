import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, SignJWT } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import type { Client } from '../../src/domain/clients/client.ts'
import { probeKeySet } from '../../src/gateways/key-set-probe.ts'
import { clients, type Harness, startHarness } from './support/harness.ts'
import { createMemoryAdapter } from './support/memory-adapter.ts'

type Key = { kid: string; pair: ReturnType<typeof pairOf> }
const pairOf = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const newKey = (kid: string): Key => ({ kid, pair: pairOf() })

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

/** The application's server: it publishes `keys` and lets its answer be kept for a day. */
async function startApplication(keys: Key[]) {
  const state = { keys, fetched: 0, answer: undefined as { status: number; body: string } | undefined, location: '' }
  const server = createServer(async (_request, response) => {
    state.fetched++
    response.setHeader('Cache-Control', 'max-age=86400')
    if (state.location) return response.writeHead(302, { Location: state.location }).end()
    if (state.answer) return response.writeHead(state.answer.status).end(state.answer.body)
    const jwks = state.keys.map(async ({ kid, pair }) => ({ ...(await exportJWK(pair.publicKey)), kid, alg: 'ES256' }))
    response.end(JSON.stringify({ keys: await Promise.all(jwks) }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ending.push(() => server.close())
  const host = `localhost:${(server.address() as AddressInfo).port}`
  return Object.assign(state, { host, jwksUri: `http://${host}/jwks` })
}

async function startIssuer(jwksUri: string, privateClientHosts: string[], log: object[] = [], others: Client[] = []) {
  const [portal] = clients
  const keyed: Client = {
    ...(portal as Client),
    ...{ clientId: 'keyed', tokenEndpointAuthMethod: 'private_key_jwt', secretHashes: [], jwksUri },
  }
  const note = (fields: object, message: string) => void log.push({ message, ...fields })
  const issuer = await startHarness(createMemoryAdapter(), {
    ...{ clients: [keyed, ...others], privateClientHosts },
    log: { info: note, warn: note, error: note },
  })
  ending.push(issuer.close)
  return issuer
}

async function push({ issuer }: Harness, { kid, pair }: Key, header: { kid?: string } = { kid }) {
  const claims = { iss: 'keyed', sub: 'keyed', aud: issuer, jti: randomUUID(), exp: Math.floor(Date.now() / 1000) + 60 }
  const client_assertion = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', ...header })
    .sign(pair.privateKey)
  const body = new URLSearchParams({
    ...{ client_id: 'keyed', response_type: 'code', redirect_uri: 'https://portal.example/callback', scope: 'openid' },
    ...{ code_challenge: 'x'.repeat(43), code_challenge_method: 'S256', client_assertion },
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  })
  return (await fetch(`${issuer}/oidc/par`, { method: 'POST', body })).status
}

describe('the key set of an application', () => {
  it.each([
    ['its host', (host: string) => host],
    ['its host without port', () => 'localhost'],
  ])('on a private address is fetched when the operator names %s', async (_, named) => {
    const key = newKey('a')
    const { jwksUri, host } = await startApplication([key])
    expect(await push(await startIssuer(jwksUri, [named(host)]), key)).toBe(201)
  })

  it('on a private address is not fetched otherwise, and log and probe say why', async () => {
    const key = newKey('a')
    const application = await startApplication([key])
    const log: object[] = []
    const issuer = await startIssuer(application.jwksUri, ['portal.intern', 'localhost:1'], log)
    expect(await push(issuer, key)).not.toBe(201)
    expect(application.fetched).toBe(0)
    expect(log).toContainEqual({
      message: 'key set of an application cannot be read',
      clientId: 'keyed',
      keySet: 'private_address',
    })
    expect(await probeKeySet(application.jwksUri, [])).toContain('CLIENT_PRIVATE_HOSTS')
    expect(await probeKeySet(application.jwksUri, [application.host])).toBeUndefined()
  })

  it('is read again at once for a new key, although it may be kept for a day', async () => {
    const [old, next] = [newKey('old'), newKey('next')]
    const application = await startApplication([old])
    const issuer = await startIssuer(application.jwksUri, ['localhost'])
    expect(await push(issuer, old)).toBe(201)
    application.keys = [next, old]
    expect([await push(issuer, next), await push(issuer, old), await push(issuer, next)]).toEqual([201, 201, 201])
    expect(application.fetched).toBe(2)
  })

  it('is read again once a minute at most, whoever sends unknown keys', async () => {
    const key = newKey('a')
    const application = await startApplication([key])
    const issuer = await startIssuer(application.jwksUri, ['localhost'])
    await push(issuer, key)
    const stranger = pairOf()
    const tries = Array.from({ length: 16 }, (_, n) => push(issuer, { kid: `stranger-${n}`, pair: stranger }))
    expect(new Set(await Promise.all(tries))).toEqual(new Set([401]))
    expect(await push(issuer, { kid: 'a', pair: stranger })).toBe(401)
    expect(application.fetched).toBe(2)
    expect(await push(issuer, key)).toBe(201)
  })

  it('is fetched once, however many other applications are named, and read again for a new key all the same', async () => {
    const [old, next] = [newKey('old'), newKey('next')]
    const application = await startApplication([old])
    // oidc-provider keeps some hundred clients, and their key sets with them.
    const others = Array.from({ length: 210 }, (_, n) => ({ ...(clients[0] as Client), clientId: `other-${n}` }))
    const issuer = await startIssuer(application.jwksUri, ['localhost'], [], others)
    const nameOthers = async () => {
      for (const { clientId } of others)
        await fetch(`${issuer.issuer}/oidc/auth?client_id=${clientId}`, { redirect: 'manual' })
    }
    expect(await push(issuer, old)).toBe(201)
    await nameOthers()
    expect([await push(issuer, old), application.fetched]).toEqual([201, 1])
    application.keys = [next]
    await nameOthers()
    expect([await push(issuer, next), application.fetched]).toEqual([201, 2])
    expect(await push(issuer, old)).toBe(401)
    await nameOthers()
    expect([await push(issuer, { ...old, kid: 'stranger' }), application.fetched]).toEqual([401, 2])
  })

  it.each([
    ['a status', { status: 503, body: 'maintenance' }, 'http_503', 'answers 503'],
    ['no JSON', { status: 200, body: '<html>' }, 'not_json', 'answers no JSON'],
    ['no key set', { status: 200, body: '{"keys":{}}' }, 'not_a_key_set', 'no JSON Web Key Set'],
    ['too much', { status: 200, body: JSON.stringify({ keys: ['x'.repeat(70_000)] }) }, 'too_large', undefined],
  ])('that answers %s is told by a word in the log, and by the probe', async (_, answer, word, probed) => {
    const application = await startApplication([])
    application.answer = answer
    const log: object[] = []
    expect(await push(await startIssuer(application.jwksUri, ['localhost'], log), newKey('a'))).not.toBe(201)
    expect(log).toContainEqual(expect.objectContaining({ clientId: 'keyed', keySet: word }))
    if (probed) expect(await probeKeySet(application.jwksUri, ['localhost'])).toContain(probed)
  })

  it('is not followed to another host by a redirect', async () => {
    const [application, other] = [await startApplication([]), await startApplication([newKey('a')])]
    application.location = other.jwksUri
    const log: object[] = []
    expect(await push(await startIssuer(application.jwksUri, [application.host], log), newKey('a'))).not.toBe(201)
    expect(other.fetched).toBe(0)
    expect(log).toContainEqual(expect.objectContaining({ keySet: 'redirect' }))
  })

  it('that nobody answers for is told with the code of the connection', async () => {
    const { jwksUri, host } = await startApplication([])
    for (const end of ending.splice(0)) await end()
    const log: object[] = []
    expect(await push(await startIssuer(jwksUri, [host], log), newKey('a'))).not.toBe(201)
    expect(log).toContainEqual(expect.objectContaining({ keySet: 'econnrefused' }))
    expect(await probeKeySet(jwksUri, [host])).toContain('ECONNREFUSED')
  })
})
