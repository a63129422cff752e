import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { type ClientMetadata, type Configuration, Provider } from 'oidc-provider'

/** An issuer without any of our own rules: oidc-provider with its development pages, to test relying parties against. */
export type BareIssuer = {
  issuer: string
  /** The private signing key, so that a test can sign logout tokens of its own. */
  key: JWK
  provider: Provider
  /** Forgets all refresh tokens given out so far. */
  forgetRefreshTokens(): Promise<void>
  close(): Promise<void>
}

/** An address to listen on, taken before it is known who will answer there. */
export type Place = { issuer: string; server: Server }

/** Takes a free port; the issuer starts there once its clients are known. */
export async function takePlace(): Promise<Place> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, issuer: `http://localhost:${(server.address() as AddressInfo).port}` }
}

/** Starts the issuer at its place. */
export async function startBareIssuer({ server, issuer }: Place, clients: ClientMetadata[]): Promise<BareIssuer> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const key = { ...(await exportJWK(privateKey)), kid: 'test', use: 'sig', alg: 'ES256' }
  const provider = new Provider(issuer, configurationOf(clients, key))
  server.on('request', provider.callback())
  const refreshTokens = new Set<{ destroy(): Promise<void> }>()
  provider.on('refresh_token.saved', (token) => refreshTokens.add(token))
  return {
    issuer,
    key,
    provider,
    forgetRefreshTokens: async () => {
      for (const token of refreshTokens) await token.destroy()
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function configurationOf(clients: ClientMetadata[], key: JWK): Configuration {
  return {
    clients,
    jwks: { keys: [key] },
    scopes: ['openid', 'offline_access'],
    acrValues: ['urn:meine-aok:acr:password-mtan'],
    claims: {
      openid: ['sub'],
      profile: ['name', 'given_name'],
      email: ['email', 'email_verified'],
      phone: ['phone_number'],
      insurance: ['insurance_number'],
    },
    features: {
      devInteractions: { enabled: true },
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
    },
    // oidc-provider's own dispatcher refuses loopback addresses, where the demonstration receives its logout tokens.
    fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined } as RequestInit),
    cookies: { keys: ['a test needs no secret'] },
    pkce: { required: () => true },
    subjectTypes: ['public', 'pairwise'],
    pairwiseIdentifier: async (_ctx, accountId, client) => `pairwise:${client.clientId}:${accountId}`,
    clientBasedCORS: () => true,
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    rotateRefreshToken: true,
    // First-party clients get refresh tokens without asking for consent; the demonstration counts on it.
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: async () => ({
        sub: id,
        name: 'Lena Huber',
        given_name: 'Lena',
        email: 'lena@example.org',
        email_verified: true,
        phone_number: '+4915112345671',
        insurance_number: 'C771029455',
      }),
    }),
  }
}
