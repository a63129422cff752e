import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import * as client from 'openid-client'
import type { Certificates } from '../../support/servers/certificates.ts'

export const clientId = 'faults-portal'

export type RelyingParty = Awaited<ReturnType<typeof startRelyingParty>>

/**
 * Starts an application that signs members in by authorization code and PKCE. `/login` begins; a sign-in that is whole ends at
 * `/callback` with 200, and an exchange that fails with 502.
 */
export async function startRelyingParty({ certificate, key }: Certificates) {
  const attempts = new Map<string, { verifier: string; nonce: string }>()
  let configuration: client.Configuration | undefined
  /** Subjects in the order of their sign-ins, and those whose code was taken once more. */
  const signedIn: string[] = []
  const takenTwice: string[] = []
  const server = createServer(
    { cert: readFileSync(certificate), key: readFileSync(key) },
    async (incoming, outgoing) => {
      const page = (status: number, heading: string) =>
        outgoing.writeHead(status, { 'content-type': 'text/html' }).end(`<h1>${heading}</h1>`)
      try {
        if (!configuration) return page(503, 'no issuer yet')
        const address = new URL(incoming.url ?? '/', url)
        if (address.pathname === '/login') {
          const target = await begin(configuration, attempts, `${url}/callback`)
          return outgoing.writeHead(303, { location: target.href }).end()
        }
        if (address.pathname !== '/callback') return page(404, 'not found')
        const attempt = attempts.get(address.searchParams.get('state') ?? '')
        if (!attempt) return page(400, 'unknown state')
        const redeem = (issuer: client.Configuration) =>
          client.authorizationCodeGrant(issuer, address, {
            expectedState: address.searchParams.get('state') ?? '',
            expectedNonce: attempt.nonce,
            pkceCodeVerifier: attempt.verifier,
            idTokenExpected: true,
          })
        const tokens = await redeem(configuration)
        const subject = tokens.claims()?.sub ?? ''
        signedIn.push(subject)
        // Whoever saw the address tries the code again, whatever has just been killed.
        await redeem(configuration).then(
          () => takenTwice.push(subject),
          () => {},
        )
        page(200, `signed in: ${subject}`)
      } catch (error) {
        page(502, `not signed in: ${(error as Error).message}`)
      }
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `https://localhost:${(server.address() as AddressInfo).port}`
  return {
    url,
    callback: `${url}/callback`,
    signedIn,
    takenTwice,
    /** Reads the discovery document of the issuer; the certificate's authority must be trusted. */
    async discover(issuer: string, secret: string) {
      configuration = await client.discovery(new URL(issuer), clientId, secret)
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function begin(
  configuration: client.Configuration,
  attempts: Map<string, { verifier: string; nonce: string }>,
  redirectUri: string,
): Promise<URL> {
  const attempt = { verifier: client.randomPKCECodeVerifier(), nonce: client.randomNonce() }
  const state = client.randomState()
  attempts.set(state, attempt)
  return client.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: 'openid profile',
    state,
    nonce: attempt.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(attempt.verifier),
    code_challenge_method: 'S256',
  })
}
