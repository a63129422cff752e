import type { AuthenticationMethod, Client } from '../domain/clients/client.ts'
import { clientFaults } from '../domain/clients/rules.ts'
import { type Resource, resourceFaults, scopesOf } from '../domain/clients/scopes.ts'
import { StartUpError } from '../errors.ts'
import type { Beside } from './clients/beside.ts'
import { type ClientFile, createReading, type Reading } from './clients/reading.ts'
import { type Places, readKeys, readSecrets, referencesOf } from './clients/references.ts'
import { type ClientEntry, clientsFileSchema } from './clients/schema.ts'
import { type Fault, parseYamlFile, shapeFaults } from './clients/yaml-file.ts'

/** What a file of applications says. */
export type ClientFileContent = {
  clients: Client[]
  resources: Resource[]
  defaultClient: Client | undefined
  /** What works here and fails with some applications; each a sentence with file, line, field and mend. */
  warnings: string[]
  /** What it rests on beside its text: `env:NAME`, `file:path`. */
  references: string[]
}

/**
 * `needsDefault`: where letters and e-mails lead to `/anmeldung`, and that to the default application; `beside`: what other files of the
 * installation say for all; `impliedResource`: what the scopes of services belong to that no resource names.
 */
type Settings = Places & {
  file: ClientFile
  needsDefault?: boolean
  reading?: Reading
  beside?: Beside
  impliedResource?: string
}

type Complain = (parts: readonly PropertyKey[], message: string, clientId?: string) => void

/**
 * Loads the applications of a file. Relative paths in references start at `baseDir`.
 * @throws StartUpError with every fault of the file: file, line, field and mend.
 */
export function loadClients(settings: Settings): ClientFileContent {
  const { file, needsDefault, baseDir, reading = createReading(file, settings) } = settings
  const { beside = { defaultIn: undefined, resources: [] }, impliedResource = 'services' } = settings
  const faults: string[] = []
  const warnings: string[] = []
  const { entries, whole, place } = readFile(reading, faults)
  const complain: Complain = (...given) => void faults.push(place(...given))
  const warn: Complain = (...given) => void warnings.push(place(...given))
  const sources = { dereference: reading.dereference, baseDir, demo: file.demoOrigin !== undefined }
  const resources = whole?.resources ?? resourcesOf(entries, impliedResource, beside.resources)
  for (const { index, scope, message } of resourceFaults(whole?.resources ?? []))
    complain(['resources', index, 'scopes', scope], message)
  const known = [...resources, ...beside.resources]
  const clients = new Map<string, Client>()
  const sharing = noteSecrets()
  for (const [index, entry] of entries) {
    const at = (path: Fault['path']) => ['clients', index, ...path]
    const secrets = readSecrets(entry, sources)
    const keys = readKeys(entry, sources)
    const client = toClient(entry, secrets, keys.jwks)
    for (const fault of [...entryFaults(client, secrets, keys, known), ...secrets.faults, ...keys.faults])
      complain(at(fault.path), fault.message, entry.client_id)
    for (const fault of [...(sources.demo ? [] : sharing(client)), ...secrets.warnings])
      warn(at(fault.path), fault.message, entry.client_id)
    if (clients.has(entry.client_id))
      complain(at(['client_id']), 'is used twice; every application needs an id of its own')
    clients.set(entry.client_id, client)
  }
  const defaultClient = clients.get(whole?.default_client ?? '')
  if (whole?.default_client !== undefined && (!defaultClient || defaultClient.kind === 'service'))
    complain(['default_client'], `names ${whole.default_client}, which is no application of members here`)
  if (whole?.default_client !== undefined && beside.defaultIn !== undefined)
    complain(['default_client'], `is named in ${beside.defaultIn}, too; one file names it`)
  if (
    needsDefault &&
    (whole?.default_client ?? beside.defaultIn) === undefined &&
    entries.some(([, { kind }]) => kind !== 'service')
  )
    complain(
      ['default_client'],
      'is missing; /anmeldung leads to it: name the application that letters and e-mails lead to',
    )
  if (faults.length > 0)
    throw new StartUpError(
      `The registered applications are not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    )
  const references = entries.flatMap(([, entry]) => referencesOf(entry))
  return { clients: [...clients.values()], resources, defaultClient, warnings, references }
}

type Entries = (readonly [number, ClientEntry])[]

/** The entries of a file that have the right shape, by position; everything else is complained about. */
function readFile(reading: Reading, faults: string[]) {
  const { path } = reading.file
  let text = 'clients: []'
  try {
    text = reading.text()
  } catch (error) {
    faults.push(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code}); create it or set CONFIG_DIR`)
  }
  const { content, syntaxFaults, lineOf } = parseYamlFile(path, text)
  faults.push(...syntaxFaults)
  const place = (parts: readonly PropertyKey[], message: string, clientId?: string): string => {
    const field = parts.map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${String(part)}`,
    )
    return `${path}:${lineOf(parts)}: ${field.join('')}${clientId ? ` (${clientId})` : ''} ${message}`
  }
  const whole = syntaxFaults.length > 0 ? undefined : clientsFileSchema.safeParse(content)
  // A file of blanks and remarks alone.
  if (whole && content === null) faults.push(`${path}: is empty; write "clients: []" where there are no applications`)
  else if (whole?.error) for (const fault of shapeFaults(whole.error)) faults.push(place(fault.path, fault.message))
  const list = (content as { clients?: unknown } | undefined)?.clients
  const entries: Entries = (Array.isArray(list) ? list : []).flatMap((entry, index) => {
    const parsed = clientsFileSchema.shape.clients.element.safeParse(entry)
    return parsed.success ? [[index, parsed.data] as const] : []
  })
  return { entries, whole: whole?.data, place }
}

/** A file that names no resources has one: what its services may call together, beside the administration and what others name. */
function resourcesOf(entries: Entries, name: string, beside: readonly Resource[]): Resource[] {
  const scopes = new Set(entries.flatMap(([, { kind, scopes }]) => (kind === 'service' ? scopes : [])))
  for (const scope of scopesOf(beside)) scopes.delete(scope)
  return scopes.size > 0 ? [{ name, scopes: [...scopes] }] : []
}

/** Tells of secrets that two applications share: who has one application has both. */
function noteSecrets(): (client: Client) => Fault[] {
  const holders = new Map<string, string>()
  return ({ clientId, secretHashes }) =>
    secretHashes.flatMap((hash) => {
      const holder = holders.get(hash)
      holders.set(hash, clientId)
      if (holder === undefined || holder === clientId) return []
      const message = `is the secret of ${holder}, too: who has one application has both; make one of its own`
      return [{ path: ['client_secret'], message }]
    })
}

/** Faults by the keys of the file; a reference that cannot be read is no missing one. */
function entryFaults(
  client: Client,
  { expected, madeHere }: ReturnType<typeof readSecrets>,
  keys: ReturnType<typeof readKeys>,
  resources: readonly Resource[],
): Fault[] {
  const secretHashes = madeHere ? [] : Array<string>(expected).fill('')
  return clientFaults({ ...client, secretHashes }, resources)
    .filter(({ field }) => field !== 'jwks' || keys.faults.length === 0)
    .map(({ field, index, message }) => ({ path: [keyOf(field), ...(index === undefined ? [] : [index])], message }))
}

/** Keys of the file that are named otherwise than the field. */
const ownKeys: Partial<Record<keyof Client, string>> = {
  secretHashes: 'client_secret',
  secretReferences: 'client_secret',
  secretsMadeHere: 'client_secret',
  jwks: 'jwks_file',
}

/** Names the key of the file that a field comes from. */
export const keyOf = (field: keyof Client): string =>
  ownKeys[field] ?? field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

function toClient(
  entry: ClientEntry,
  { hashes, references, madeHere }: ReturnType<typeof readSecrets>,
  jwks: Client['jwks'],
): Client {
  const method = authenticationMethod(entry)
  return {
    clientId: entry.client_id,
    name: entry.name,
    kind: entry.kind,
    description: entry.description,
    owner: entry.owner,
    environment: entry.environment,
    draft: entry.draft,
    firstParty: entry.first_party,
    // Whoever keeps a secret and is the insurer's own may ask about the access tokens of others, unless the entry says otherwise.
    mayIntrospect: entry.may_introspect ?? (entry.first_party && method !== 'none'),
    reviewed: entry.reviewed,
    redirectUris: entry.redirect_uris,
    postLogoutRedirectUris: entry.post_logout_redirect_uris,
    initiateLoginUri: entry.initiate_login_uri,
    clientUri: entry.client_uri,
    backchannelLogoutUri: entry.backchannel_logout_uri,
    scopes: entry.scopes,
    webOrigins: entry.web_origins,
    contacts: entry.contacts,
    secretHashes: hashes,
    secretReferences: references.length > 0 ? references : undefined,
    secretsMadeHere: madeHere,
    tokenEndpointAuthMethod: method,
    jwksUri: entry.jwks_uri,
    jwks,
    idTokenSignedResponseAlg: entry.id_token_signed_response_alg,
    acrMinimum: entry.acr_minimum,
  }
}

/** How a client proves itself: as it says, else by what it has. */
function authenticationMethod(entry: ClientEntry): AuthenticationMethod {
  if (entry.token_endpoint_auth_method) return entry.token_endpoint_auth_method
  if (entry.client_secret) return 'client_secret_basic'
  return entry.jwks_uri || entry.jwks_file || entry.jwks ? 'private_key_jwt' : 'none'
}
