/** What is known of an application's addresses. */
type Client = {
  initiateLoginUri?: unknown
  clientUri?: string | undefined
  redirectUris?: readonly string[] | undefined
}

/**
 * Answers where an application begins its sign-in (OpenID Connect Core 1.0 § 4), else its own page, else the root of the
 * site that its redirect address names, else our start of a sign-in. Queries that its addresses hold stay.
 */
export function restartOf(client: Client | undefined, issuer: string): string {
  if (typeof client?.initiateLoginUri === 'string') return withParameters(client.initiateLoginUri, { iss: issuer })
  return homeOf(client) ?? '/anmeldung'
}

/** The application's own page; undefined for an app on a device, which no address of the web opens. */
export function homeOf(client: Client | undefined): string | undefined {
  if (client?.clientUri) return client.clientUri
  const address = client?.redirectUris?.[0]
  const url = address === undefined ? null : URL.parse(address)
  const isWeb = url?.protocol === 'https:' || (url?.protocol === 'http:' && url.port !== '')
  return isWeb ? `${url.origin}/` : undefined
}

/** Adds parameters to an address that may hold a query already; one of the same name is replaced. */
export function withParameters(address: string, parameters: Record<string, string | undefined>): string {
  const url = new URL(address)
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value)
  return url.href
}
