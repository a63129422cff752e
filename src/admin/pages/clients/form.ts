import { type AuthenticationMethod, type Client, usualClient } from '../../../domain/clients/client.ts'
import type { ClientFault } from '../../../domain/clients/rules.ts'
import { memberScopes } from '../../../domain/clients/scopes.ts'
import { reachableAcrs } from '../../../domain/factors.ts'

export const kinds = ['web', 'single-page', 'native', 'service'] as const
export const environments = ['live', 'test'] as const
export type Kind = Client['kind']
export const isKind = (text: string): text is Kind => (kinds as readonly string[]).includes(text)

type Values = Record<string, string>
type Field = {
  name: keyof Client & string
  /** `text`: an address; `words`: a line of words. */
  type: 'text' | 'words' | 'lines' | 'scopes' | 'authentication' | 'json' | 'choice'
  /** What is chosen from, and the words of each; an empty value: nothing is said. */
  options?: { value: string; words: string }[]
}

const line = (name: Field['name']): Field => ({ name, type: 'text' })
const words = (name: Field['name']): Field => ({ name, type: 'words' })
const choice = (name: Field['name'], values: readonly string[], wordOf = (value: string) => value): Field => ({
  ...{ name, type: 'choice' },
  options: values.map((value) => ({ value, words: `console.clients.choices.${name}.${wordOf(value) || 'none'}` })),
})
const lines = (name: Field['name']): Field => ({ name, type: 'lines' })
const scopes: Field = { name: 'scopes', type: 'scopes' }
const authentication: Field = { name: 'tokenEndpointAuthMethod', type: 'authentication' }
const environment = choice('environment', environments)
// The last word of a class names it: the colons of the whole mean something else where texts are looked up.
const acrMinimum = choice('acrMinimum', ['', ...reachableAcrs], (acr) => acr.split(':').at(-1) ?? '')
const keys: Field[] = [line('jwksUri'), { name: 'jwks', type: 'json' }]

const ofMembers = [
  ...[environment, lines('redirectUris'), lines('postLogoutRedirectUris')],
  ...[scopes, lines('contacts')],
]

/** What each kind is asked for when it is registered, in this order. */
const asked: Record<Kind, Field[]> = {
  web: [...ofMembers, authentication, ...keys],
  'single-page': ofMembers,
  native: ofMembers,
  service: [environment, scopes, lines('contacts'), authentication, ...keys],
}

const about = [words('description'), words('owner')]

/** What more can be set later. */
const later: Record<Kind, Field[]> = {
  web: [line('clientUri'), line('initiateLoginUri'), line('backchannelLogoutUri'), acrMinimum, ...about],
  'single-page': [line('clientUri'), line('initiateLoginUri'), lines('webOrigins'), acrMinimum, ...about],
  native: [line('clientUri'), lines('webOrigins'), acrMinimum, ...about],
  service: about,
}

/** The fields of a form beside id and name. */
export const fieldsOf = (kind: Kind, isNew: boolean): Field[] =>
  isNew ? asked[kind] : [...asked[kind], ...later[kind]]

/** What a form shows of a client. */
export function valuesOf(client: Client): Values {
  const values: Values = { clientId: client.clientId, name: client.name }
  for (const { name, type } of fieldsOf(client.kind, false)) {
    const value = client[name]
    if (type === 'scopes') for (const scope of client.scopes) values[`scope.${scope}`] = 'on'
    else if (type === 'json') values[name] = value ? JSON.stringify(value, null, 2) : ''
    else values[name] = Array.isArray(value) ? value.join('\n') : String(value ?? '')
  }
  if (client.reviewed) values.reviewed = 'on'
  if (client.draft) values.draft = 'on'
  return values
}

/** What a new form shows. */
export const firstValues: Values = {
  ...{ 'scope.openid': 'on', tokenEndpointAuthMethod: 'client_secret_basic', environment: 'live' },
}

/** A new client of a kind, as staff register one: of a third party, until two have said otherwise. */
const blank = (kind: Kind, clientId: string): Client => ({
  ...usualClient,
  ...{ clientId, name: '', kind, firstParty: false, mayIntrospect: false, reviewed: true },
  ...{ redirectUris: [], postLogoutRedirectUris: [], scopes: [], webOrigins: [], contacts: [], secretHashes: [] },
  ...{ secretsMadeHere: false, tokenEndpointAuthMethod: 'none', idTokenSignedResponseAlg: 'RS256' },
})

/** The fields that a form of the kind has; every other one is not looked at, whatever a browser sends. */
export function readClient(form: Values, kind: Kind, before?: Client): { client: Client } | { wrong: string } {
  const client: Client = { ...(before ?? blank(kind, (form.clientId ?? '').trim())) }
  client.name = (form.name ?? '').trim()
  client.draft = form.draft === 'on'
  if (before) client.reviewed = form.reviewed === 'on'
  const given: Record<string, unknown> = client
  for (const { name, type, options = [] } of fieldsOf(kind, before === undefined)) {
    const typed = (form[name] ?? '').trim()
    if (type === 'text' || type === 'words') given[name] = typed || undefined
    // What is offered, and nothing that a browser makes up.
    if (type === 'choice' && options.some(({ value }) => value === typed)) given[name] = typed || undefined
    if (type === 'lines') given[name] = typed.split(/\s+/).filter(Boolean)
    if (type === 'scopes') client.scopes = scopesIn(form)
    if (type === 'authentication') client.tokenEndpointAuthMethod = methodOf(typed)
    if (type === 'json') {
      const read = readJson(typed)
      if (read === null) return { wrong: name }
      client.jwks = read
    }
  }
  if (kind === 'web' || kind === 'service')
    client.secretsMadeHere = client.tokenEndpointAuthMethod.startsWith('client_secret')
  return { client }
}

const scopesIn = (form: Values): string[] => {
  const chosen = Object.keys(form).flatMap((name) => (name.startsWith('scope.') ? [name.slice('scope.'.length)] : []))
  const order = (scope: string) => (memberScopes as readonly string[]).indexOf(scope)
  return chosen.sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1))
}

const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const
const methodOf = (typed: string): AuthenticationMethod =>
  methods.find((method) => method === typed) ?? 'client_secret_basic'

/** A key set; undefined: nothing was typed, null: it is none. */
function readJson(typed: string): Client['jwks'] | null {
  if (typed === '') return undefined
  try {
    const { keys: list } = JSON.parse(typed)
    return Array.isArray(list) ? { keys: list } : null
  } catch {
    return null
  }
}

/** The messages of a refused form, by field; `value` is the line that is meant. */
export function errorsOf(faults: readonly ClientFault[], client: Client) {
  const errors: Record<string, { key: string; params?: { value: string } }> = {}
  for (const { field, index } of faults) {
    const name = field === 'secretHashes' || field === 'mayIntrospect' ? 'tokenEndpointAuthMethod' : field
    const value = client[field]
    const meant = Array.isArray(value) ? (value[index ?? -1] ?? '') : value
    const params = { value: typeof meant === 'string' ? meant : '' }
    errors[name] ??= { key: `console.clients.wrong.${params.value ? `${name}Value` : name}`, params }
  }
  return errors
}
