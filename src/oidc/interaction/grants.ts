import type { KoaContextWithOIDC } from 'oidc-provider'
import type { ClientModel } from '../clients/model.ts'
import type { ProviderDeps } from '../provider-deps.ts'

type Grant = NonNullable<KoaContextWithOIDC['oidc']['entities']['Grant']>

/**
 * Creates oidc-provider's `loadExistingGrant`: a first-party application is granted what it asks for (and may have,
 * its registered scopes are checked before); a third-party one what the member consented to, by our own record, which
 * outlives sessions. Undefined leads to the consent page.
 */
export function createGrantLoader({ consents, now }: Pick<ProviderDeps, 'consents' | 'now'>) {
  return async (ctx: KoaContextWithOIDC): Promise<Grant | undefined> => {
    const client = ctx.oidc.client as ClientModel
    const accountId = ctx.oidc.session?.accountId ?? ''
    const { Grant } = ctx.oidc.provider
    const answered = ctx.oidc.result?.consent?.grantId
    if (answered) return await Grant.find(answered)

    const asked = [...ctx.oidc.requestParamOIDCScopes]
    const allowed = client.firstParty ? asked : ((await consents.use(accountId, client.clientId, now()))?.scopes ?? [])
    if (allowed.length === 0) return undefined
    const existingId = ctx.oidc.session?.grantIdFor(client.clientId)
    const existing = existingId ? await Grant.find(existingId) : undefined
    if (existing && existing.accountId === accountId && fits(existing, asked, allowed, client)) return existing
    const grant = new Grant({ accountId, clientId: client.clientId })
    grant.addOIDCScope(allowed.join(' '))
    await grant.save()
    return grant
  }
}

/** Whether a grant of this session still says the same: it covers the request and no more than the consent allows. */
function fits(grant: Grant, asked: string[], allowed: readonly string[], client: ClientModel): boolean {
  const granted = grant.getOIDCScope().split(' ')
  const covers = asked.every((scope) => granted.includes(scope) || !allowed.includes(scope))
  return covers && (client.firstParty === true || granted.every((scope) => allowed.includes(scope)))
}
