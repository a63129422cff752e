import { readFileSync } from 'node:fs'
import { StartUpError } from '../errors.ts'
import { readKeys, readSecrets, type Sources } from './clients/references.ts'
import { authenticationMethod, clientFaults, mayIntrospect } from './clients/rules.ts'
import { type ClientEntry, clientsFileSchema } from './clients/schema.ts'
import { parseYamlFile, shapeFaults } from './clients/yaml-file.ts'

/** An application that delegates its sign-in, or a service, as registered in `config/clients.yaml`. */
export type Client = {
  clientId: string
  name: string
  kind: 'web' | 'single-page' | 'native' | 'service'
  /** First-party applications have no consent page and get public subject identifiers. */
  firstParty: boolean
  /** Guards resources: it may ask about the access tokens of all applications (RFC 7662). */
  mayIntrospect: boolean
  /** Whether staff have checked the name; others are marked "nicht geprüft". */
  reviewed: boolean
  redirectUris: string[]
  postLogoutRedirectUris: string[]
  /** Where the application begins a sign-in (OpenID Connect Core § 4). */
  initiateLoginUri?: string
  clientUri?: string
  backchannelLogoutUri?: string
  scopes: string[]
  /** Origins whose pages call the endpoints, beside those of the redirect addresses. */
  webOrigins: string[]
  /** E-mail addresses of whoever looks after the application. */
  contacts: string[]
  /** SHA-256 in base64url (`hashToken`) of the secrets in force, at most two. */
  secretHashes: string[]
  tokenEndpointAuthMethod: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none'
  jwksUri?: string
  jwks?: { keys: Record<string, unknown>[] }
  idTokenSignedResponseAlg: 'ES256' | 'RS256' | 'PS256'
}

/** A file of applications; `demoOrigin` marks a demo file and replaces `{demo_origin}` in it (development only). */
export type ClientFile = { path: string; demoOrigin?: string }

/** `warnings`: what works here and fails with some applications; each a sentence with file, line, field and mend. */
export type Registry = { clients: Client[]; defaultClient: Client | undefined; warnings: string[] }

type Settings = { files: readonly ClientFile[]; environment: Sources['environment']; baseDir: string }

/**
 * Loads the applications of all files; the first file that names a `default_client` decides. Relative paths in
 * references start at `baseDir`.
 * @throws StartUpError with every fault of every file: file, line, field and mend.
 */
export function loadClients({ files, environment, baseDir }: Settings): Registry {
  const faults: string[] = []
  const warnings: string[] = []
  const clients = new Map<string, Client>()
  const holders = new Map<string, string>()
  let defaultClient: { id: string; complain(message: string): void } | undefined
  for (const file of files) {
    const { entries, defaultId, complain, place } = readFile(file, faults)
    const sources = { environment, baseDir, demo: file.demoOrigin !== undefined }
    for (const [index, entry] of entries) {
      const { hashes, faults: secretFaults, warnings: secretWarnings } = readSecrets(entry, sources)
      const { jwks, faults: keyFaults } = readKeys(entry, sources)
      for (const fault of [...clientFaults(entry), ...secretFaults, ...keyFaults])
        complain(['clients', index, ...fault.path], fault.message, entry.client_id)
      for (const hash of sources.demo ? [] : hashes) {
        const holder = holders.get(hash)
        const shared = `is the secret of ${holder}, too: who has one application has both; make one of its own`
        if (holder !== undefined && holder !== entry.client_id)
          warnings.push(place(['clients', index, 'client_secret'], shared, entry.client_id))
        holders.set(hash, entry.client_id)
      }
      for (const warning of secretWarnings)
        warnings.push(place(['clients', index, ...warning.path], warning.message, entry.client_id))
      if (clients.has(entry.client_id))
        complain(['clients', index, 'client_id'], 'is used twice; every application needs an id of its own')
      clients.set(entry.client_id, toClient(entry, hashes, jwks))
    }
    if (defaultId !== undefined && !defaultClient)
      defaultClient = { id: defaultId, complain: (message) => complain(['default_client'], message) }
  }
  const chosen = defaultClient && clients.get(defaultClient.id)
  if (defaultClient && (!chosen || chosen.kind === 'service'))
    defaultClient.complain(`names ${defaultClient.id}, which is no application of members here`)
  if (faults.length > 0)
    throw new StartUpError(
      `The registered applications are not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    )
  return { clients: [...clients.values()], defaultClient: chosen, warnings }
}

/** The entries of a file that have the right shape, by position; everything else is complained about. */
function readFile({ path, demoOrigin }: ClientFile, faults: string[]) {
  let text = 'clients: []'
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    faults.push(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code}); create it or set CONFIG_DIR`)
  }
  if (demoOrigin !== undefined) text = text.replaceAll('{demo_origin}', demoOrigin)
  const { content, syntaxFaults, lineOf } = parseYamlFile(path, text)
  faults.push(...syntaxFaults)
  const place = (parts: readonly PropertyKey[], message: string, clientId?: string): string => {
    const field = parts.map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${String(part)}`,
    )
    return `${path}:${lineOf(parts)}: ${field.join('')}${clientId ? ` (${clientId})` : ''} ${message}`
  }
  const complain = (...given: Parameters<typeof place>) => void faults.push(place(...given))
  const whole = syntaxFaults.length > 0 ? undefined : clientsFileSchema.safeParse(content)
  if (whole?.error) for (const fault of shapeFaults(whole.error)) complain(fault.path, fault.message)
  const list = (content as { clients?: unknown } | undefined)?.clients
  const entries = (Array.isArray(list) ? list : []).flatMap((entry, index) => {
    const parsed = clientsFileSchema.shape.clients.element.safeParse(entry)
    return parsed.success ? [[index, parsed.data] as const] : []
  })
  return { entries, defaultId: whole?.data?.default_client, complain, place }
}

function toClient(entry: ClientEntry, secretHashes: string[], jwks: Client['jwks']): Client {
  return {
    clientId: entry.client_id,
    name: entry.name,
    kind: entry.kind,
    firstParty: entry.first_party,
    mayIntrospect: mayIntrospect(entry),
    reviewed: entry.reviewed,
    redirectUris: entry.redirect_uris,
    postLogoutRedirectUris: entry.post_logout_redirect_uris,
    initiateLoginUri: entry.initiate_login_uri,
    clientUri: entry.client_uri,
    backchannelLogoutUri: entry.backchannel_logout_uri,
    scopes: entry.scopes,
    webOrigins: entry.web_origins,
    contacts: entry.contacts,
    secretHashes,
    tokenEndpointAuthMethod: authenticationMethod(entry),
    jwksUri: entry.jwks_uri,
    jwks,
    idTokenSignedResponseAlg: entry.id_token_signed_response_alg,
  }
}
