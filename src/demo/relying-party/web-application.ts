import type Router from '@koa/router'
import type { Context } from 'koa'
import * as client from 'openid-client'
import { type Configured, IssuerAwayError } from './clients.ts'
import type { PageModel, ShowPage } from './pages.ts'
import { rememberAttempt, type Session, type Sessions } from './sessions.ts'
import { beginSignIn, completeSignIn, takeAttempt, UnknownStateError } from './sign-in.ts'

/** An application with pages of its own that delegates its sign-in; the demonstration plays two of them. */
export type WebApplication = {
  brand: string
  /** Cookie name; ports share cookies, so no name of the issuer. */
  cookie: string
  /** Address without path, for example `http://localhost:3001`. */
  base: string
  paths: { home: string; login: string; callback: string; signedIn: string; signOut: string }
  scope: string
  configured: Configured
  sessions: Sessions
  show: ShowPage
  log: (message: string) => void
}

/** The fields of the form that was sent. */
export const formOf = (ctx: Context): Record<string, unknown> => (ctx.request.body ?? {}) as Record<string, unknown>

/** Finds the session of this browser, if it has one. */
export function sessionOf(app: WebApplication, ctx: Context): Session | undefined {
  return app.sessions.find(ctx.cookies.get(app.cookie))
}

/** Takes the message that is shown once. */
export function takeNotice(session: Session | undefined): string | undefined {
  const notice = session?.notice
  if (session) delete session.notice
  return notice
}

/** Shows a page under the application's name. */
export function showPage(app: WebApplication, ctx: Context, view: string, model: PageModel, status?: number) {
  return app.show(ctx, view, { brand: app.brand, paths: app.paths, ...model }, status)
}

/** Sends the browser on with 303, so that a form is not sent twice. */
export function seeOther(ctx: Context, address: string): void {
  ctx.redirect(address)
  ctx.status = 303
}

function startSession(app: WebApplication, ctx: Context): Session {
  const session = app.sessions.create()
  ctx.cookies.set(app.cookie, session.id, { httpOnly: true, sameSite: 'lax', path: '/', overwrite: true })
  return session
}

/** Adds sign-in, callback and sign-out of an application to the router. */
export function addSignInRoutes(router: Router, app: WebApplication): void {
  router.get(app.paths.login, async (ctx) => {
    const configuration = await app.configured()
    const session = sessionOf(app, ctx) ?? startSession(app, ctx)
    const redirectUri = app.base + app.paths.callback
    const query = new URLSearchParams(ctx.querystring)
    seeOther(ctx, (await beginSignIn(configuration, session, { redirectUri, scope: app.scope, query })).href)
  })
  router.get(app.paths.callback, (ctx) => receiveAnswer(app, ctx, new URLSearchParams(ctx.querystring)))
  // `response_mode=form_post` (OAuth 2.0 Form Post Response Mode, 2). The session cookie comes along because
  // issuer and application share the site `localhost`; across sites it would need SameSite=None and https.
  router.post(app.paths.callback, (ctx) => receiveAnswer(app, ctx, new URLSearchParams(ctx.request.rawBody ?? '')))
  router.post(app.paths.signOut, (ctx) => signOut(app, ctx))
}

async function receiveAnswer(app: WebApplication, ctx: Context, parameters: URLSearchParams): Promise<void> {
  const before = sessionOf(app, ctx)
  try {
    const state = parameters.get('state')
    const attempt = takeAttempt(before, state)
    const answer = new URL(`${app.base}${app.paths.callback}?${parameters}`)
    const signedIn = await completeSignIn(await app.configured(), answer, attempt, state!)
    // A new session id after the sign-in, so that nobody can plant one beforehand (OWASP ASVS 5, 7.2.4).
    if (before) app.sessions.remove(before)
    const session = startSession(app, ctx)
    session.signedIn = signedIn
    // Another tab may still be at the issuer.
    for (const [other, waiting] of before?.attempts ?? []) rememberAttempt(session, other, waiting)
    if (before?.signedIn && before.signedIn.claims.sub !== signedIn.claims.sub) {
      session.notice = 'Jetzt ist eine andere Person angemeldet als zuvor.'
    }
    seeOther(ctx, app.paths.signedIn)
  } catch (error) {
    const refusal = explainRefusal(error)
    app.log(`sign-in refused: ${refusal.code} (${(error as Error).message})`)
    const stillSignedIn = Boolean(before?.signedIn)
    await showPage(app, ctx, 'refused', { ...refusal, stillSignedIn }, 400)
  }
}

/** Finds code, title and description of an error; what the issuer wrote is shown as text, never trusted further. */
function explainRefusal(error: unknown): { code: string; title: string; description?: string } {
  if (error instanceof IssuerAwayError) throw error
  if (error instanceof UnknownStateError)
    return { code: 'unknown_state', title: 'Diese Anmeldung ist nicht mehr gültig' }
  if (error instanceof client.AuthorizationResponseError || error instanceof client.ResponseBodyError) {
    const title = error.error === 'access_denied' ? 'Anmeldung abgebrochen' : 'Die Anmeldung hat nicht geklappt'
    return { code: error.error, title, description: error.error_description }
  }
  return { code: 'invalid_answer', title: 'Die Anmeldung hat nicht geklappt' }
}

/**
 * Ends the session here, then sends the browser to the issuer, so that it can end its own
 * (OpenID Connect RP-Initiated Logout 1.0, 2).
 */
async function signOut(app: WebApplication, ctx: Context): Promise<void> {
  const before = sessionOf(app, ctx)
  if (!before?.signedIn) return seeOther(ctx, app.paths.home)
  app.sessions.remove(before)
  const session = startSession(app, ctx)
  session.signOutState = client.randomState()
  const address = client.buildEndSessionUrl(await app.configured(), {
    id_token_hint: before.signedIn.idToken,
    post_logout_redirect_uri: app.base + app.paths.home,
    state: session.signOutState,
  })
  seeOther(ctx, address.href)
}

/** Notices the return from a sign-out by its `state` and sets the message that says so. */
export function noticeSignedOut(session: Session | undefined, state: unknown): void {
  if (!session?.signOutState || state !== session.signOutState) return
  delete session.signOutState
  session.notice = 'Sie sind abgemeldet.'
}
