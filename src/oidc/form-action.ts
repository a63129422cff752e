import type { Context, Middleware } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { allowFormAction } from '../http/middleware/security-headers.ts'

/**
 * Lists the sources that `form-action` must let through so that the redirects after a form reach `address` (CSP 3 § 6.4.1):
 * its origin with its port, or the scheme of an app's own. Empty for an IPv6 literal, which no host-source can name
 * (CSP 3 § 2.3.1); what leads there breaks the chain of redirects instead, see `redirectOut`.
 */
export function formActionSources(address: string | undefined): string[] {
  const url = address === undefined ? null : URL.parse(address)
  if (!url || isIpv6(url)) return []
  return [url.protocol === 'https:' || url.protocol === 'http:' ? url.origin : url.protocol]
}

/** Whether no policy can name where the address leads. */
export function isBeyondFormAction(address: string | undefined): boolean {
  const url = address === undefined ? null : URL.parse(address)
  return url !== null && isIpv6(url)
}

const isIpv6 = (url: URL) => url.hostname.startsWith('[')

/**
 * Creates the middleware around oidc-provider's own pages (form_post, account switch): the policy stands before it runs,
 * so that it adds the hashes of its scripts, and afterwards the address that the request names is let through.
 */
export function createFormAction(): Middleware {
  return async (ctx, next) => {
    allowFormAction(ctx, [])
    await next()
    if (ctx.type !== 'text/html') return
    const address = targetOf((ctx as unknown as Partial<KoaContextWithOIDC>).oidc)
    if (address) letThrough(ctx, address)
  }
}

/** Where the answer goes; oidc-provider has checked it when it draws a page. At an account switch it has only its interaction at hand. */
function targetOf(oidc: KoaContextWithOIDC['oidc'] | undefined): string | undefined {
  if (!oidc) return undefined
  const asked = oidc.entities.Interaction?.params.redirect_uri ?? oidc.params?.redirect_uri
  const known = typeof asked === 'string' && (oidc.entities.Interaction || oidc.redirectUriCheckPerformed)
  return known ? asked : undefined
}

/** A page that posts itself to an IPv6 literal gets no `form-action`: it holds no form but the provider's. */
function letThrough(ctx: Context, address: string): void {
  const policy = ctx.response.get('Content-Security-Policy')
  const sources = formActionSources(address)
  const directive = /;\s*form-action[^;]*/
  ctx.set(
    'Content-Security-Policy',
    isBeyondFormAction(address)
      ? policy.replace(directive, '')
      : policy.replace(directive, (given) => [given, ...sources].join(' ')),
  )
}
