import type { Middleware } from 'koa'
import Provider, { type KoaContextWithOIDC } from 'oidc-provider'
import type { ProviderDeps } from '../provider-deps.ts'
import { routes } from '../settings/routes.ts'
import type { ClientModel } from './model.ts'

/** Scopes that a client may have now. What it was issued before may name more. */
export function scopesOf(client: ClientModel): readonly string[] {
  return client.serviceScopes ?? client.scope?.split(' ') ?? []
}

/**
 * Lets no grant give more than the registration of its application says now: what an application has lost is in no code, no
 * renewal and no claims any more, however old the grant is.
 */
export function limitGrants(provider: Provider): void {
  const grants = provider.Grant.prototype
  const filtered = grants.getOIDCScopeFiltered
  grants.getOIDCScopeFiltered = function (scopes) {
    const client = Provider.ctx?.oidc.client as ClientModel | undefined
    const left = client && new Set(scopesOf(client))
    return filtered.call(this, left ? new Set([...scopes].filter((scope) => left.has(scope))) : new Set(scopes))
  }
}

type Issued = { accountId?: string | undefined; clientId?: string | undefined; scope?: string | undefined }
type Deps = Pick<ProviderDeps, 'consents' | 'now'>

/**
 * Whether what was issued about a person still rests on something: first-party applications need no consent, others one that
 * covers it. An application that was first-party when it was issued has none.
 */
export async function isAgreed({ accountId, scope = '' }: Issued, client: ClientModel, deps: Deps): Promise<boolean> {
  if (client.firstParty || !accountId) return true
  const consent = await deps.consents.use(accountId, client.clientId, deps.now())
  const left = new Set(scopesOf(client))
  return consent !== null && scope.split(' ').every((each) => !left.has(each) || consent.scopes.includes(each))
}

/** Creates what lets introspection tell what is left of a token, and not what it was issued with. */
export function createLeftAnswer(provider: Provider, deps: Deps): Middleware {
  return async (ctx, next) => {
    await next()
    const answer = ctx.body as { active?: boolean; scope?: string } | undefined
    if (ctx.path !== routes.introspection || !answer?.active) return
    const { entities } = (ctx as unknown as KoaContextWithOIDC).oidc
    const token: Issued | undefined = entities.AccessToken ?? entities.RefreshToken ?? entities.ClientCredentials
    const client = (await provider.Client.find(token?.clientId ?? '')) as ClientModel | undefined
    if (!token || !client || !(await isAgreed(token, client, deps))) {
      ctx.body = { active: false }
      return
    }
    const left = new Set(scopesOf(client))
    answer.scope =
      token.scope
        ?.split(' ')
        .filter((scope) => left.has(scope))
        .join(' ') || undefined
  }
}
