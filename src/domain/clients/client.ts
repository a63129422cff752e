import type { ClientSecret } from './secrets.ts'

/** An application that delegates its sign-in, or a service. */
export type Client = {
  clientId: string
  name: string
  kind: 'web' | 'single-page' | 'native' | 'service'
  /** What it is for, and which department answers for it: for staff, members see neither. */
  description?: string | undefined
  owner?: string | undefined
  /** Whether it serves members or tries things out: a word for staff, the same rules hold for both. */
  environment: 'live' | 'test'
  /** A draft is let in nowhere until it is made active. */
  draft: boolean
  /** First-party applications have no consent page; those that are registered so get public subject identifiers. */
  firstParty: boolean
  /** Guards resources: it may ask about the access tokens of all applications (RFC 7662). */
  mayIntrospect: boolean
  /** Whether staff have checked the name; others are marked "nicht geprüft". */
  reviewed: boolean
  redirectUris: string[]
  postLogoutRedirectUris: string[]
  /** Where the application begins a sign-in (OpenID Connect Core § 4). */
  initiateLoginUri?: string | undefined
  clientUri?: string | undefined
  backchannelLogoutUri?: string | undefined
  /** What it may ask for: of members by `memberScopes`, of a service's resources by `Resource`. */
  scopes: string[]
  /** Origins whose pages call the endpoints, beside those of the redirect addresses. */
  webOrigins: string[]
  /** E-mail addresses of whoever looks after the application. */
  contacts: string[]
  /** SHA-256 in base64url (`hashToken`) of the secrets that whoever registers it brings along, at most two. */
  secretHashes: string[]
  /** Where these secrets stand, in the same order: `env:NAME`, `file:path`. */
  secretReferences?: string[] | undefined
  /** Its secrets are made here (`secrets:add`); otherwise whoever registers it brings them along. */
  secretsMadeHere: boolean
  tokenEndpointAuthMethod: AuthenticationMethod
  jwksUri?: string | undefined
  jwks?: { keys: Record<string, unknown>[] } | undefined
  idTokenSignedResponseAlg: 'ES256' | 'RS256' | 'PS256'
  /** The weakest class of sign-in that it accepts (`acr`); unset: every one. */
  acrMinimum?: string | undefined
}

/** What counts for a client of which nothing else is said. */
export const usualClient = { environment: 'live', draft: false } as const satisfies Partial<Client>

export type AuthenticationMethod = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none'

/** How an application knows persons: all by the same `sub`, or by one of its sector (OpenID Connect Core § 8). */
export type SubjectType = 'public' | 'pairwise'

/** Gives the subject type of a client that is registered now. */
export const firstSubjectType = ({ firstParty }: Pick<Client, 'firstParty'>): SubjectType =>
  firstParty ? 'public' : 'pairwise'

/** A client as it is kept: who registered it, and whether it is let in. */
export type RegisteredClient = {
  client: Client
  /** Decided when it was registered; nothing changes it, as every `sub` would change. */
  subjectType: SubjectType
  /** The file that it stands in and that alone changes it (`clients.yaml`); null: staff look after it. */
  managedBy: string | null
  /** All that have not been ended, the newest first; which of them are good at a moment, `isInForce` says. */
  secrets: ClientSecret[]
  /** Since when an operator lets it in no more. */
  suspendedAt: Date | null
  suspendedReason: string | null
  /** Since when its entry is gone from the file that manages it. */
  goneAt: Date | null
  changedAt: Date
  /** Its contacts cannot be opened, and are shown as none. */
  contactsUnreadable?: true
}

/** Why a client is let in nowhere; undefined: it is let in. */
export function whyKeptOut({
  client,
  suspendedAt,
  goneAt,
}: Pick<RegisteredClient, 'client' | 'suspendedAt' | 'goneAt'>): 'suspended' | 'gone' | 'draft' | undefined {
  if (suspendedAt) return 'suspended'
  if (goneAt) return 'gone'
  return client.draft ? 'draft' : undefined
}

/** Whether a client may be removed for good: what stands in a file, the file would bring back. */
export const mayBeRemoved = ({ managedBy, goneAt }: Pick<RegisteredClient, 'managedBy' | 'goneAt'>): boolean =>
  managedBy === null || goneAt !== null

/** Whether a client proves itself with a secret. */
export const usesSecret = ({ tokenEndpointAuthMethod: method }: Pick<Client, 'tokenEndpointAuthMethod'>): boolean =>
  method === 'client_secret_basic' || method === 'client_secret_post'
