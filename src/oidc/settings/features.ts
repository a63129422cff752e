import type { Configuration } from 'oidc-provider'
import { introspectionAllowed, revocationAllowed } from '../clients/token-access.ts'
import { narrowClaimsParameter } from '../requests/parameters/claims-parameter.ts'

/** Parts of oidc-provider that are switched on; registration of clients is the operator's. */
export function featureSettings(): Configuration['features'] {
  return {
    devInteractions: { enabled: false },
    registration: { enabled: false },
    resourceIndicators: { enabled: false },
    requestObjects: { enabled: false },
    userinfo: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: introspectionAllowed },
    revocation: { enabled: true, allowedPolicy: revocationAllowed },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: false },
    dPoP: { enabled: true },
    claimsParameter: { enabled: true, assertClaimsParameter: narrowClaimsParameter },
    backchannelLogout: { enabled: true },
    // Answered by `createSignOut`; oidc-provider publishes its address.
    rpInitiatedLogout: { enabled: true },
  }
}
