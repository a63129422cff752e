import { createReadStream } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type Router from '@koa/router'
import type { ShowPage } from './pages.ts'

type Spa = { issuer: string; clientId: string; show: ShowPage }

/** Adds the single-page application: a public client that runs in the browser, with a content security policy of its own. */
export function addSpa(router: Router, { issuer, clientId, show }: Spa): void {
  // Looked for at the demo's start, not at the import: production has no development packages.
  const library = fileURLToPath(new URL('../browser/oidc-client-ts.min.js', import.meta.resolve('oidc-client-ts')))
  router.get('/spa.html', async (ctx) => {
    ctx.set('Content-Security-Policy', policyOf(new URL(issuer).origin))
    await show(ctx, 'spa', { title: 'Anwendung im Browser (Demo)', clientId })
  })
  router.get('/vendor/oidc-client-ts.js', (ctx) => {
    ctx.type = 'js'
    ctx.body = createReadStream(library)
  })
}

/** Script and style from here only, requests to here and the issuer only, no forms, no frames. */
function policyOf(issuerOrigin: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self' ${issuerOrigin}`,
    "form-action 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ')
}
