import type { Context, Middleware } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { allowFormAction } from '../http/security-headers.ts'

type Addresses = {
  redirectUris?: readonly string[] | undefined
  postLogoutRedirectUris?: readonly string[] | undefined
}

/**
 * Lists the sources that `form-action` must let through so that the redirects after a form reach the application
 * (CSP 3 § 6.4.1): origins of its redirect and sign-out addresses, the scheme of an app's own, any port on loopback.
 */
export function formActionSources(client: Addresses): string[] {
  const addresses = [...(client.redirectUris ?? []), ...(client.postLogoutRedirectUris ?? [])]
  return [...new Set(addresses.map(sourceOf))]
}

function sourceOf(address: string): string {
  const { protocol, hostname, origin } = new URL(address)
  if (protocol !== 'https:' && protocol !== 'http:') return protocol
  // CSP has no host-source for IPv6 literals.
  if (hostname.startsWith('[')) return protocol
  return protocol === 'http:' && hostname === '127.0.0.1' ? 'http://127.0.0.1:*' : origin
}

/**
 * Creates the middleware around oidc-provider's own pages (form_post, account switch, sign-out): the policy stands
 * before it runs, so that it adds the hashes of its scripts, and afterwards the application's addresses are let through.
 */
export function createFormAction(): Middleware {
  return async (ctx, next) => {
    allowFormAction(ctx, [])
    await next()
    if (ctx.type !== 'text/html') return
    const client = await askingClient((ctx as unknown as Partial<KoaContextWithOIDC>).oidc)
    if (client) addSources(ctx, formActionSources(client))
  }
}

/** The application of the request; at an account switch oidc-provider has only its interaction at hand. */
async function askingClient(oidc: KoaContextWithOIDC['oidc'] | undefined): Promise<Addresses | undefined> {
  if (!oidc || oidc.client) return oidc?.client
  const clientId = oidc.entities.Interaction?.params.client_id
  return clientId ? await oidc.provider.Client.find(String(clientId)) : undefined
}

function addSources(ctx: Context, sources: string[]): void {
  const policy = ctx.response.get('Content-Security-Policy')
  ctx.set(
    'Content-Security-Policy',
    policy.replace(/form-action[^;]*/, (directive) => [directive, ...sources].join(' ')),
  )
}
