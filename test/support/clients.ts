import { randomUUID } from 'node:crypto'
import { type Client, firstSubjectType, type RegisteredClient } from '../../src/domain/clients/client.ts'
import type { ClientSecret } from '../../src/domain/clients/secrets.ts'

/** A web application as it is registered, with what a test needs otherwise. */
export const newClient = (changes: Partial<Client> = {}): Client => ({
  clientId: 'portal',
  name: 'Portal',
  kind: 'web',
  environment: 'live',
  draft: false,
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

/** A web application as staff register one: of a third party, until two have said otherwise. */
export const ofStaff = (changes: Partial<Client> = {}): Client =>
  newClient({ firstParty: false, mayIntrospect: false, ...changes })

/** A service whose secrets are made here. */
export const newService = (changes: Partial<Client> = {}): Client =>
  newClient({
    ...{ clientId: 'nightly', name: 'Nightly', kind: 'service', redirectUris: [], scopes: [], contacts: [] },
    ...{ secretHashes: [], secretsMadeHere: true },
    ...changes,
  })

/** A client as it is kept, with the secrets that it brings along. */
export const registeredClient = (
  changes: Partial<RegisteredClient> = {},
  client: Client = newClient(),
): RegisteredClient => ({
  client,
  subjectType: firstSubjectType(client),
  managedBy: null,
  secrets: client.secretHashes.map((hash) => newSecret({ hash })),
  suspendedAt: null,
  suspendedReason: null,
  goneAt: null,
  changedAt: new Date(),
  ...changes,
})

/** A secret that does not end by itself. */
export const newSecret = (changes: Partial<ClientSecret> = {}): ClientSecret => ({
  ...{ id: randomUUID(), name: 'first', hash: 'hash-of-a-secret', managedBy: null },
  ...{ createdAt: new Date(), createdBy: 'system', expiresAt: null, lastUsedAt: null },
  ...changes,
})
