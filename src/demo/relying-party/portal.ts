import type Router from '@koa/router'
import type { Context } from 'koa'
import * as client from 'openid-client'
import { createLogoutTokenCheck } from './backchannel-logout.ts'
import type { SignedIn } from './sessions.ts'
import { readUserInfo, renewTokens } from './sign-in.ts'
import {
  addSignInRoutes,
  formOf,
  noticeSignedOut,
  seeOther,
  sessionOf,
  showPage,
  takeNotice,
  type WebApplication,
} from './web-application.ts'

/** Adds the pages of "Meine AOK", a confidential first-party client. */
export function addPortal(router: Router, app: WebApplication): void {
  addSignInRoutes(router, app)
  router.get('/', async (ctx) => {
    const session = sessionOf(app, ctx)
    noticeSignedOut(session, ctx.query.state)
    const model = { title: 'Meine AOK', notice: takeNotice(session), signedIn: Boolean(session?.signedIn) }
    await showPage(app, ctx, 'start', model)
  })
  router.get('/signed-in', async (ctx) => {
    const session = sessionOf(app, ctx)
    if (!session?.signedIn) return seeOther(ctx, '/')
    const model = { title: 'Sie sind angemeldet', notice: takeNotice(session), signedIn: session.signedIn }
    await showPage(app, ctx, 'signed-in', model)
  })
  router.post('/userinfo', (ctx) => change(app, ctx, readUserInfo, 'Die Angaben wurden neu abgerufen.'))
  router.post('/refresh', (ctx) => change(app, ctx, renewTokens, 'Die Token wurden erneuert.'))
}

type Change = (configuration: client.Configuration, signedIn: SignedIn) => Promise<SignedIn>

/** Runs one change of the tokens and says how it went; one at a time, because a refresh token may be sent only once. */
async function change(app: WebApplication, ctx: Context, run: Change, success: string): Promise<void> {
  const session = sessionOf(app, ctx)
  if (!session?.signedIn) return seeOther(ctx, '/')
  const configuration = await app.configured()
  const work = (session.busy ?? Promise.resolve()).then(async () => {
    if (!session.signedIn) return
    try {
      session.signedIn = await run(configuration, session.signedIn)
      session.notice = success
    } catch (error) {
      app.log(`token request failed: ${(error as Error).message}`)
      session.notice = explainFailure(error)
    }
  })
  session.busy = work
  await work
  seeOther(ctx, '/signed-in')
}

function explainFailure(error: unknown): string {
  if (error instanceof client.ResponseBodyError && error.error === 'invalid_grant') {
    return 'Das ging nicht (invalid_grant): Die Anmeldung wurde beendet oder das Token war schon verwendet. Bitte melden Sie sich neu an.'
  }
  if (error instanceof client.ResponseBodyError) return `Das ging nicht (${error.error}).`
  if (error instanceof client.WWWAuthenticateChallengeError) {
    return 'Das ging nicht (invalid_token): Das Zugriffstoken gilt nicht mehr. Bitte erneuern Sie die Token.'
  }
  return 'Das ging nicht. Bitte melden Sie sich neu an.'
}

/**
 * Adds the receiver of logout tokens for several applications: 200 when the sessions named are ended, 400 when the token is
 * not valid, never to be stored (OpenID Connect Back-Channel Logout 1.0, 2.8).
 */
export function addBackchannelLogout(router: Router, apps: Map<string, WebApplication>, now: () => Date): void {
  const [first] = apps.values()
  const check = createLogoutTokenCheck(first!.configured, [...apps.keys()])
  router.post('/backchannel-logout', async (ctx) => {
    ctx.set('Cache-Control', 'no-store')
    try {
      const logout = await check(String(formOf(ctx).logout_token ?? ''), now())
      const app = apps.get(logout.clientId)!
      const ended = app.sessions.endBy(logout)
      app.log(`back-channel logout for ${logout.clientId}: ${ended} session(s) ended`)
      ctx.status = 200
      ctx.body = ''
    } catch (error) {
      first!.log(`back-channel logout refused: ${(error as Error).message}`)
      ctx.status = 400
      ctx.body = { error: 'invalid_request', error_description: 'logout_token is not valid' }
    }
  })
}
