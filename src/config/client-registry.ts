import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { StartUpError } from '../errors.ts'
import { hashToken } from '../gateways/field-encryption.ts'
import { type ClientEntry, clientFileSchema, faultsOf } from './client-schema.ts'
import type { Client } from './clients.ts'

/** The applications of an installation and the one that `/anmeldung` signs in to. */
export type ClientRegistry = { clients: Client[]; defaultClient: string | undefined }

type Options = {
  /** What `env:NAME` may name. */
  variables: Record<string, string | undefined>
  /** Placeholders of the demo file, without braces. */
  placeholders?: Record<string, string>
}

type Fault = (where: PropertyKey[], message: string) => void

/**
 * Reads and checks a file of applications.
 * @throws StartUpError that names file, line, field and mend of every fault, a line each.
 */
export function loadClientFile(path: string, options: Options): ClientRegistry {
  let text = readText(path)
  for (const [name, value] of Object.entries(options.placeholders ?? {})) text = text.replaceAll(`{${name}}`, value)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const faults = document.errors.map((error) => `${path}:${error.linePos?.[0].line ?? 1}: ${error.message}`)
  const fault: Fault = (where, message) => {
    const field = where.filter((part) => part !== 'clients' && typeof part !== 'number').join('.')
    faults.push(`${path}:${lineOf(document, lines, where)}: ${field || 'file'}: ${message}`)
  }
  const parsed = clientFileSchema.safeParse(document.toJS() ?? {})
  if (!parsed.success) for (const issue of parsed.error.issues) fault(issue.path, describe(issue))
  const entries = parsed.data?.clients ?? []
  const clients = entries.map((entry, index) => {
    const at = (field: string, message: string) => fault(['clients', index, field], message)
    for (const { field, message } of faultsOf(entry)) at(field, message)
    return toClient(entry, { ...options, folder: dirname(path) }, at)
  })
  for (const [index, { clientId }] of clients.entries())
    if (clients.findIndex((client) => client.clientId === clientId) !== index)
      fault(['clients', index, 'client_id'], `${clientId} is registered twice`)
  const defaultClient = parsed.data?.default_client
  if (defaultClient && !clients.some((client) => client.clientId === defaultClient))
    fault(['default_client'], `${defaultClient} is not registered in this file`)
  if (faults.length > 0) throw new StartUpError(faults.join('\n'))
  return { clients, defaultClient }
}

type Document = ReturnType<typeof parseDocument>

/** The line of the innermost part that stands in the file. */
function lineOf(document: Document, lines: LineCounter, where: PropertyKey[]): number {
  for (let depth = where.length; depth >= 0; depth--) {
    const node = document.getIn(where.slice(0, depth), true) as { range?: [number, number, number] } | undefined
    if (node?.range) return lines.linePos(node.range[0]).line
  }
  return 1
}

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') return issue.message
  return `${issue.keys.join(', ')}: no such field; docs/integrate.md lists them`
}

function toClient(
  entry: ClientEntry,
  options: Options & { folder: string },
  fault: (field: string, message: string) => void,
): Client {
  const secrets = [entry.client_secret ?? []].flat().map(({ from }) => readSecret(from, options, fault))
  const isPublic = entry.kind === 'single-page' || entry.kind === 'native'
  const confidential = entry.jwks_uri || entry.jwks_file ? 'private_key_jwt' : 'client_secret_basic'
  return {
    clientId: entry.client_id,
    name: entry.name,
    kind: entry.kind,
    firstParty: entry.first_party,
    reviewed: entry.reviewed,
    redirectUris: entry.redirect_uris,
    postLogoutRedirectUris: entry.post_logout_redirect_uris,
    initiateLoginUri: entry.initiate_login_uri,
    clientUri: entry.client_uri,
    backchannelLogoutUri: entry.backchannel_logout_uri,
    scopes: entry.scopes,
    logo: entry.logo,
    secretHashes: secrets.map(hashToken),
    tokenEndpointAuthMethod: entry.token_endpoint_auth_method ?? (isPublic ? 'none' : confidential),
    jwksUri: entry.jwks_uri,
    jwks: entry.jwks_file ? JSON.parse(readText(resolve(options.folder, entry.jwks_file))) : undefined,
    idTokenSignedResponseAlg: entry.id_token_signed_response_alg,
  }
}

/** Reads `env:NAME` or `file:path` (relative to the file of applications); a secret has at least 256 bits. */
function readSecret(
  from: string,
  { variables, folder }: Options & { folder: string },
  fault: (field: string, message: string) => void,
): string {
  const name = from.slice(from.indexOf(':') + 1)
  const value = from.startsWith('env:') ? variables[name] : readText(resolve(folder, name)).trim()
  if (!value) fault('client_secret', `${from} is empty; set it to 32 random bytes: openssl rand -base64 32`)
  else if (value.length < 43)
    fault('client_secret', `${from} is too short; 256 bits are 43 characters of base64: openssl rand -base64 32`)
  return value ?? ''
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new StartUpError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code}). Mend the path.`)
  }
}
