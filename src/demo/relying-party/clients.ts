import { setTimeout as pause } from 'node:timers/promises'
import * as client from 'openid-client'

/** The registered clients that the demonstration plays (contract.md, "Demo clients"). */
export type DemoClients = {
  portal: { clientId: string; clientSecret: string }
  spa: { clientId: string }
  thirdParty: { clientId: string; clientSecret: string }
  service: { clientId: string; clientSecret: string }
}

/** The discovered issuer together with one client's credentials. */
export type Configured = () => Promise<client.Configuration>

/** The issuer could not be reached or answered no usable discovery document. */
export class IssuerAwayError extends Error {
  override name = 'IssuerAwayError'
}

const attempts = 3
const pauseMs = 300

/**
 * Creates a function that discovers the issuer at its first call and keeps the answer (OpenID Connect Discovery 1.0, 4).
 * Calls at the same time share one discovery; a failed one is tried three times and again at the next call.
 * Throws `IssuerAwayError`.
 */
export function createConfigured(issuer: string, credentials: { clientId: string; clientSecret: string }): Configured {
  let known: Promise<client.Configuration> | undefined
  return () => {
    known ??= discover(issuer, credentials).catch((error) => {
      known = undefined
      throw error
    })
    return known
  }
}

async function discover(issuer: string, credentials: { clientId: string; clientSecret: string }) {
  // openid-client speaks plain http only when told to; an issuer on loopback is the one case for it.
  const execute = new URL(issuer).protocol === 'http:' ? [client.allowInsecureRequests] : []
  const authentication = client.ClientSecretBasic(credentials.clientSecret)
  let cause: unknown
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    if (attempt > 1) await pause(pauseMs)
    try {
      return await client.discovery(new URL(issuer), credentials.clientId, undefined, authentication, { execute })
    } catch (error) {
      cause = error
    }
  }
  throw new IssuerAwayError(`no discovery document at ${issuer}`, { cause })
}
