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

/** Where a sign-in begins when no application has asked for it: `kept_out`, nowhere for now; undefined: no application is named. */
type SignIn = { url: string } | 'kept_out' | undefined

/** Adds the start page, the information pages and `/anmeldung`, which starts a sign-in for the default application. */
export function addPageRoutes(router: Router, { issuer, signIn }: { issuer: string; signIn(): Promise<SignIn> }): void {
  router.get('/', async (ctx) => {
    // The page shows also while the database is away.
    const where = await signIn().catch(() => ({ url: issuer }))
    await ctx.renderPage('start', { model: { signsIn: typeof where === 'object' } })
  })
  for (const page of informationPages) router.get(`/${page}`, (ctx) => ctx.renderPage(`info/${page}`, {}))
  for (const [path, topic] of Object.entries(recoveryTopics))
    router.get(`/${path}`, (ctx) => ctx.renderPage('info/recovery', { model: { topic } }))
  for (const path of ['/anmeldung', '/freischaltcode-anfordern'])
    router.get(path, async (ctx) => {
      const where = await signIn()
      if (where === 'kept_out') throw new PublicError('application_suspended')
      if (!where) throw new PublicError('not_found', { detail: 'no default_client is named' })
      // Third-party initiated login (OpenID Connect Core, 4): the application begins, so that state and PKCE are its own.
      const url = new URL(where.url)
      url.searchParams.set('iss', issuer)
      ctx.status = 303
      ctx.redirect(url.href)
    })
}
