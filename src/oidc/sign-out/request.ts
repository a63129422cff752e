import { decodeJwt } from 'jose'
import type Provider from 'oidc-provider'
import type { ClientModel } from '../clients/model.ts'
import { withParameters } from '../interaction/restart.ts'

/** What an application asks of a sign-out, as far as it can be believed. */
export type SignOutRequest = {
  /** The application that asks, by its hint or its `client_id`. */
  client: ClientModel | undefined
  /** Session that the hint was issued in. */
  sid: string | undefined
  /** Registered address to go on to, with `state`. */
  returnTo: string | undefined
  /** What to ask again with, from a page of ours. */
  parameters: Record<string, string>
  /** Why something that was given is not used: for whoever helps an integrator. */
  unused: string[]
}

const names = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state']

/**
 * Reads the parameters of OpenID Connect RP-Initiated Logout 1.0 § 2. What is repeated, foreign, damaged or not registered is left
 * out and never refuses the sign-out itself; `logout_hint` and `ui_locales` change nothing here.
 */
export async function readSignOutRequest(provider: Provider, query: URLSearchParams): Promise<SignOutRequest> {
  const unused = names.filter((name) => query.getAll(name).length > 1).map((name) => `${name} is repeated`)
  const one = (name: string) => (query.getAll(name).length === 1 ? query.get(name) || undefined : undefined)
  const hint = await readHint(provider, one('id_token_hint'))
  if (one('id_token_hint') && !hint) unused.push('id_token_hint is not one of ours')
  const clientId = one('client_id')
  // "the OP MUST verify that the Client Identifier matches": one of them lies, so neither counts.
  const contradicts = hint !== undefined && clientId !== undefined && hint.client.clientId !== clientId
  if (contradicts) unused.push('client_id is not the audience of id_token_hint')
  const client = contradicts ? undefined : (hint?.client ?? (await findClient(provider, clientId)))
  const address = one('post_logout_redirect_uri')
  const allowed = address !== undefined && client?.postLogoutRedirectUriAllowed(address) === true
  if (address !== undefined && !allowed)
    unused.push(client ? 'post_logout_redirect_uri is not registered' : 'post_logout_redirect_uri names no client')
  const state = one('state')
  return {
    client,
    sid: contradicts ? undefined : hint?.sid,
    returnTo: allowed ? withParameters(address, { state }) : undefined,
    parameters: {
      ...(client && { client_id: client.clientId }),
      ...(allowed && { post_logout_redirect_uri: address, ...(state !== undefined && { state }) }),
    },
    unused,
  }
}

/** An ID token of ours, however old ("The OP SHOULD accept ID Tokens when the RP identified by … is or was"). */
async function readHint(
  provider: Provider,
  token: string | undefined,
): Promise<{ client: ClientModel; sid: string | undefined } | undefined> {
  if (token === undefined) return undefined
  const client = await findClient(provider, audienceOf(token))
  if (!client) return undefined
  try {
    // With keys that are here; no store is asked.
    const { payload } = await provider.IdToken.validate(token, client)
    return { client, sid: typeof payload.sid === 'string' ? payload.sid : undefined }
  } catch {
    return undefined
  }
}

function audienceOf(token: string): string | undefined {
  try {
    return String(decodeJwt(token).aud)
  } catch {
    return undefined
  }
}

async function findClient(provider: Provider, clientId: string | undefined): Promise<ClientModel | undefined> {
  return clientId === undefined ? undefined : ((await provider.Client.find(clientId)) as ClientModel | undefined)
}
