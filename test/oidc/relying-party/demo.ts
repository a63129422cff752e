import { createDemoRelyingParty } from '../../../src/demo/relying-party/index.ts'
import { type BareIssuer, startBareIssuer, takePlace } from './bare-issuer.ts'
import type { Browser, Page } from './browser.ts'

/** The demonstration and an issuer it delegates to. */
export type Demo = { base: string; issuer: BareIssuer; log: string[]; close(): Promise<void> }

const clients = {
  portal: { clientId: 'demo-portal', clientSecret: 'portal-secret-portal-secret-portal-secret' },
  spa: { clientId: 'demo-spa' },
  thirdParty: { clientId: 'demo-third-party', clientSecret: 'third-secret-third-secret-third-secret' },
  service: { clientId: 'demo-service', clientSecret: 'service-secret-service-secret-service' },
}

/** Starts both on free ports; the demonstration first, as nothing but its first use needs the issuer. */
export async function startDemo(now?: () => Date): Promise<Demo> {
  const place = await takePlace()
  const log: string[] = []
  const settings = { issuer: place.issuer, port: 0, host: '127.0.0.1', clients, log: (line: string) => log.push(line) }
  const demo = await createDemoRelyingParty({ ...settings, now })
  const base = `http://localhost:${demo.port}`
  const issuer = await startBareIssuer(place, registrations(base))
  return {
    base,
    issuer,
    log,
    close: async () => {
      await demo.close()
      await issuer.close()
    },
  }
}

function registrations(base: string) {
  return [
    {
      client_id: clients.portal.clientId,
      client_secret: clients.portal.clientSecret,
      redirect_uris: [`${base}/callback`],
      post_logout_redirect_uris: [`${base}/`],
      backchannel_logout_uri: `${base}/backchannel-logout`,
      backchannel_logout_session_required: true,
      grant_types: ['authorization_code', 'refresh_token'],
    },
    {
      client_id: clients.spa.clientId,
      token_endpoint_auth_method: 'none' as const,
      redirect_uris: [`${base}/spa.html`],
      post_logout_redirect_uris: [`${base}/spa.html`],
    },
    {
      client_id: clients.thirdParty.clientId,
      client_secret: clients.thirdParty.clientSecret,
      subject_type: 'pairwise' as const,
      redirect_uris: [`${base}/third-party/callback`],
      post_logout_redirect_uris: [`${base}/third-party`],
    },
    {
      client_id: clients.service.clientId,
      client_secret: clients.service.clientSecret,
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
    },
  ]
}

/** Signs a member in on the development pages of the bare issuer, consent included, and returns to the application. */
export async function passIssuer(browser: Browser, page: Page, username = 'lena.huber'): Promise<Page> {
  let at = page
  for (let step = 0; step < 4 && at.url.pathname.startsWith('/interaction/'); step += 1) {
    const login = at.$('input[name=login]').length > 0
    at = await browser.submit(at, 'form', login ? { login: username, password: 'any' } : {})
  }
  return at
}

/** The values of the claims table that a page shows under this caption. */
export function claimsOf(page: Page, caption: string): Record<string, string> {
  const table = page.$('table').filter((_, element) => page.$(element).find('caption').text().includes(caption))
  const cells = table.find('[data-claim]').toArray()
  return Object.fromEntries(cells.map((cell) => [page.$(cell).attr('data-claim')!, page.$(cell).text().trim()]))
}
