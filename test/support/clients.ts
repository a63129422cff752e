import type { Client } from '../../src/domain/clients/client.ts'

/** A web application as it is registered, with what a test needs otherwise. */
export const newClient = (changes: Partial<Client> = {}): Client => ({
  clientId: 'portal',
  name: 'Portal',
  kind: 'web',
  firstParty: true,
  mayIntrospect: true,
  reviewed: true,
  redirectUris: ['https://portal.example/callback'],
  postLogoutRedirectUris: [],
  scopes: ['openid', 'profile'],
  webOrigins: [],
  contacts: ['team@portal.example'],
  secretHashes: ['hash-of-a-secret'],
  secretsMadeHere: false,
  tokenEndpointAuthMethod: 'client_secret_basic',
  idTokenSignedResponseAlg: 'RS256',
  ...changes,
})

/** A service whose secrets are made here. */
export const newService = (changes: Partial<Client> = {}): Client =>
  newClient({
    ...{ clientId: 'nightly', name: 'Nightly', kind: 'service', redirectUris: [], scopes: [], contacts: [] },
    ...{ secretHashes: [], secretsMadeHere: true },
    ...changes,
  })
