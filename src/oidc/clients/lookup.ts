import type { Context, Next } from 'koa'
import Provider, { type AdapterFactory, type ClientMetadata } from 'oidc-provider'
import { type RegisteredClient, whyKeptOut } from '../../domain/clients/client.ts'
import type { ErrorOut, ProviderDeps } from '../provider-deps.ts'
import { clientMetadata } from './metadata.ts'
import type { ClientModel } from './model.ts'

/** What the answer of a client says that is kept out, by the request that named it. */
const keptOut = new WeakMap<object, string>()

const words = {
  suspended: 'client is suspended',
  gone: 'client is not registered any more',
  draft: 'client is not active yet',
}

type Deps = Pick<ProviderDeps, 'adapterFactory' | 'findClient' | 'log'>

/**
 * Creates the adapter in which oidc-provider finds its clients: at every endpoint, and for every token, code and pushed request of
 * theirs. One that is kept out is not found, so nothing can be forgotten; `sayKeptOut` tells the application why.
 */
export function createClientAdapter({ adapterFactory, findClient, log }: Deps): AdapterFactory {
  // As long as the same answer counts, so does its translation.
  const translated = new WeakMap<RegisteredClient, ClientMetadata>()
  const find = async (id: string) => {
    const found = await findClient(id)
    const why = found && whyKeptOut(found)
    if (why) noteKeptOut(id, why, log)
    if (!found || why) return undefined
    const metadata = translated.get(found) ?? clientMetadata(found.client, found)
    translated.set(found, metadata)
    return metadata
  }
  return (model) => (model === 'Client' ? { ...adapterFactory(model), find } : adapterFactory(model))
}

/**
 * Finds a client also when it is kept out: it is given nothing, but it is told that a person has signed out, who would otherwise stay
 * signed in there.
 */
export async function findEvenKeptOut(
  provider: Provider,
  { findClient }: Pick<ProviderDeps, 'findClient'>,
  id: string,
): Promise<ClientModel | undefined> {
  const found = await findClient(id)
  if (!found || !whyKeptOut(found)) return await provider.Client.find(id)
  const Model = provider.Client as unknown as new (metadata: ClientMetadata) => ClientModel
  return new Model(clientMetadata(found.client, found))
}

/** Tells once per request. */
function noteKeptOut(clientId: string, why: keyof typeof words, log: ProviderDeps['log']): void {
  const request = Provider.ctx
  if (request && keptOut.has(request)) return
  if (request) keptOut.set(request, words[why])
  log.info({ clientId, why }, 'application is kept out')
}

/** Whether a request was refused because its client is kept out. */
export const isKeptOut = (request: object): boolean => keptOut.has(request)

/** The error of a client that was not found, with the reason why. */
export function explainKeptOut(request: object, out: ErrorOut): ErrorOut {
  const reason = keptOut.get(request)
  return reason && out.error === 'invalid_client' ? { ...out, error_description: reason } : out
}

/** Tells an application that it is kept out, and not only that nobody knows it. */
export async function sayKeptOut(ctx: Context, next: Next): Promise<void> {
  await next()
  if (isKeptOut(ctx) && typeof ctx.body === 'object' && ctx.body !== null && 'error' in ctx.body)
    ctx.body = explainKeptOut(ctx, ctx.body as ErrorOut)
}
