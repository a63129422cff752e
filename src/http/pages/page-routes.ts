import type Router from '@koa/router'
import { PublicError } from '../../errors.ts'

const informationPages = [
  'hilfe',
  'datenschutz',
  'impressum',
  'barrierefreiheit',
  'nutzungsbedingungen',
  'leichte-sprache',
]

/** Ways back in that members ask for here; the page says which help there is. */
const recoveryTopics = {
  'passwort-vergessen': 'password',
  'benutzername-vergessen': 'username',
  'mobilnummer-verloren': 'mobile',
  'zugang-verloren': 'access',
}

/** Adds the start page, the information pages and `/anmeldung`, which starts a sign-in for the default application. */
export function addPageRoutes(
  router: Router,
  { issuer, signInUrl }: { issuer: string; signInUrl(): Promise<string | undefined> },
): void {
  router.get('/', (ctx) => ctx.renderPage('start', {}))
  for (const page of informationPages) router.get(`/${page}`, (ctx) => ctx.renderPage(`info/${page}`, {}))
  for (const [path, topic] of Object.entries(recoveryTopics))
    router.get(`/${path}`, (ctx) => ctx.renderPage('info/recovery', { model: { topic } }))
  for (const path of ['/anmeldung', '/freischaltcode-anfordern'])
    router.get(path, async (ctx) => {
      const address = await signInUrl()
      if (!address) throw new PublicError('not_found', { detail: 'no default_client is named, or it is suspended' })
      // Third-party initiated login (OpenID Connect Core, 4): the application begins, so that state and PKCE are its own.
      const url = new URL(address)
      url.searchParams.set('iss', issuer)
      ctx.status = 303
      ctx.redirect(url.href)
    })
}
