import type Provider from 'oidc-provider'

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>

/** What the member agreed to, and the grant that this click made. */
export type Agreement = { accountId: string; clientId: string; scopes: string[]; grantId: string }

/**
 * Records that the member agreed to share what the interaction asks for: a grant of this session, then the consent that
 * lasts. `claim` writes it in one transaction with its audit event, once for the interaction, and answers the grant of
 * the click that came first; `null` when that one is complete already.
 * @returns the id of the grant, for the interaction's result `{ consent: { grantId } }`.
 * @throws Error when the interaction has no signed-in member.
 */
export async function recordConsent(
  provider: Provider,
  interaction: Interaction,
  claim: (agreement: Agreement) => Promise<string | null>,
): Promise<string | null> {
  const accountId = interaction.session?.accountId
  if (!accountId) throw new Error('consent without a signed-in member')
  const clientId = String(interaction.params.client_id)
  const scopes = String(interaction.params.scope ?? '')
    .split(' ')
    .filter(Boolean)
  const grant = new provider.Grant({ accountId, clientId })
  grant.addOIDCScope(scopes.join(' '))
  const own = await grant.save()
  const grantId = await claim({ accountId, clientId, scopes, grantId: own })
  if (grantId !== own) await grant.destroy()
  return grantId
}
