import type Provider from 'oidc-provider'

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>

/**
 * Records that the member agreed to share what the interaction asks for: first the consent that lasts (`save`, one
 * transaction with its audit event), then the grant of this session.
 * @returns the id of the grant, for the interaction's result `{ consent: { grantId } }`.
 * @throws Error when the interaction has no signed-in member.
 */
export async function recordConsent(
  provider: Provider,
  interaction: Interaction,
  save: (consent: { accountId: string; clientId: string; scopes: string[] }) => Promise<void>,
): Promise<string> {
  const accountId = interaction.session?.accountId
  if (!accountId) throw new Error('consent without a signed-in member')
  const clientId = String(interaction.params.client_id)
  const scopes = String(interaction.params.scope ?? '')
    .split(' ')
    .filter(Boolean)
  await save({ accountId, clientId, scopes })
  const grant = new provider.Grant({ accountId, clientId })
  grant.addOIDCScope(scopes.join(' '))
  return await grant.save()
}
