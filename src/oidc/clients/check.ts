import { generateKeyPairSync } from 'node:crypto'
import Provider, { type ClientMetadata, type Configuration } from 'oidc-provider'
import { type Client, firstSubjectType } from '../../domain/clients/client.ts'
import { memberScopes } from '../../domain/clients/scopes.ts'
import { enabledAlgorithms } from '../settings/algorithms.ts'
import { featureSettings } from '../settings/features.ts'
import { clientMetadata, ownMetadata } from './metadata.ts'

/** What of the settings decides which clients oidc-provider takes. Of scopes, only what is named here can be granted at all. */
export const registrationSettings = (serviceScopes: readonly string[]) => ({
  scopes: [...memberScopes, ...serviceScopes],
  features: featureSettings(),
  enabledJWA: enabledAlgorithms,
  clientAuthMethods: ['private_key_jwt', 'client_secret_basic', 'client_secret_post', 'none'] as const,
  responseTypes: ['code'] as const,
  subjectTypes: ['public', 'pairwise'] as const,
  extraClientMetadata: { properties: [...ownMetadata] },
})

/**
 * Creates the check that oidc-provider takes a client, before anything is written: by itself it would tell when the client is first used.
 */
export function createClientCheck(): (client: Client) => string | undefined {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = { ...privateKey.export({ format: 'jwk' }), kid: 'check', alg: 'ES256', use: 'sig' }
  const settings = { ...registrationSettings([]), jwks: { keys: [key] }, adapter: () => ({}) }
  const provider = new Provider('https://issuer.invalid', settings as unknown as Configuration)
  const Model = provider.Client as unknown as new (metadata: ClientMetadata) => unknown
  return (client) => {
    try {
      // The one algorithm that there is a key for here; which ones there are, `Client` says.
      new Model({
        ...clientMetadata(client, { subjectType: firstSubjectType(client), secrets: [] }),
        id_token_signed_response_alg: 'ES256',
      })
      return undefined
    } catch (error) {
      return (error as { error_description?: string }).error_description ?? String(error)
    }
  }
}
