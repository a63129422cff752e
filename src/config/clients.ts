/** An application that delegates its sign-in, or a service, as registered in `config/clients.yaml`. */
export type Client = {
  clientId: string
  name: string
  kind: 'web' | 'single-page' | 'native' | 'service'
  /** First-party applications have no consent page and get public subject identifiers. */
  firstParty: boolean
  /** Whether staff have checked the name; others are marked "nicht geprüft". */
  reviewed: boolean
  redirectUris: string[]
  postLogoutRedirectUris: string[]
  /** Where the application begins a sign-in (OpenID Connect Core § 4). */
  initiateLoginUri?: string
  clientUri?: string
  backchannelLogoutUri?: string
  scopes: string[]
  logo?: string
  /** SHA-256 in base64url (`hashToken`) of the secrets in force, at most two. */
  secretHashes: string[]
  tokenEndpointAuthMethod: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none'
  jwksUri?: string
  jwks?: { keys: Record<string, unknown>[] }
  idTokenSignedResponseAlg: 'ES256' | 'RS256' | 'PS256'
}
