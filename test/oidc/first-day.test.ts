import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashToken } from '../../src/crypto/field-encryption.ts'
import { authorizationUrl } from './support/flows.ts'
import { clients, type Harness, startHarness } from './support/harness.ts'
import { createMemoryAdapter } from './support/memory-adapter.ts'

const secret = 'q+4Jb+1mZ/8vXr2Yt0LpWs9KdEcHnUaGfTiOxQyR3zk='

/** What integrators ran into on their first day. */
describe('an application that is new', () => {
  const log: Record<string, unknown>[] = []
  let harness: Harness
  beforeAll(async () => {
    const note = (fields: object) => void log.push(fields as Record<string, unknown>)
    const [portal, spa] = clients
    if (!portal || !spa) throw new Error('no clients')
    harness = await startHarness(createMemoryAdapter(), {
      clients: [
        { ...portal, secretHashes: [hashToken(secret)] },
        {
          ...spa,
          kind: 'native',
          redirectUris: ['org.example.app:/callback', 'ionic://localhost/callback'],
          webOrigins: ['capacitor://localhost'],
        },
      ],
      log: { info: note, warn: note, error: note },
    })
  })
  afterAll(() => harness.close())

  const ask = (credentials: string, headers: Record<string, string> = {}) =>
    fetch(`${harness.issuer}/oidc/token`, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}`, ...headers },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: 'x',
        redirect_uri: 'x',
        code_verifier: 'x'.repeat(43),
      }),
    })
  const last = () => log.at(-1)

  it('with a + in its secret is told why, in the log, when it does not form-encode Basic', async () => {
    const right = await ask(`portal:${encodeURIComponent(secret)}`)
    expect(await right.json()).toMatchObject({ error: 'invalid_grant' })
    const asItIs = await ask(`portal:${secret}`)
    expect([asItIs.status, await asItIs.json()]).toMatchObject([401, { error: 'invalid_client' }])
    expect(last()).toMatchObject({ clientId: 'portal', detail: expect.stringContaining('+ was not form-encoded') })
    // A wrong secret with a + gets no such word, and the answer is the same.
    const wrong = await ask(`portal:${secret.replace('q', 'x')}`)
    expect([wrong.status, await wrong.json()]).toMatchObject([401, { error: 'invalid_client' }])
    expect(last()).toMatchObject({ detail: 'invalid secret provided' })
  })

  it('without PKCE is told the parameters to switch on', async () => {
    const { url } = authorizationUrl('portal', { code_challenge: undefined, code_challenge_method: undefined })
    const { away } = await harness.browser().visit(url)
    expect(away?.searchParams.get('error')).toBe('invalid_request')
    expect(away?.searchParams.get('error_description')).toMatch(/code_challenge .*code_challenge_method=S256/)
    expect(last()).toMatchObject({ description: expect.stringMatching(/code_challenge .*code_challenge_method=S256/) })
  })

  it.each([
    ['capacitor://localhost', 'capacitor://localhost'],
    ['ionic://localhost', 'ionic://localhost'],
    ['org.example.app://', null],
    ['https://localhost', null],
    ['null', null],
  ])('in a web view of %s is let through as it is registered', async (Origin, allowed) => {
    const answer = await fetch(`${harness.issuer}/oidc/token`, {
      method: 'POST',
      headers: { Origin },
      body: new URLSearchParams({ grant_type: 'authorization_code', client_id: 'spa', code: 'x', redirect_uri: 'x' }),
    })
    expect(answer.headers.get('access-control-allow-origin')).toBe(allowed)
  })
})
