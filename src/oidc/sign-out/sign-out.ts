import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Context, Middleware } from 'koa'
import type Provider from 'oidc-provider'
import { allowFormAction } from '../../http/middleware/security-headers.ts'
import { formActionSources, isBeyondFormAction } from '../form-action.ts'
import { homeOf } from '../interaction/restart.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { redirect } from '../redirect-out.ts'
import { readForm } from '../requests/read-form.ts'
import { routes } from '../settings/routes.ts'
import { endSession, leaveApplication } from './end-session.ts'
import { readSignOutRequest, type SignOutRequest } from './request.ts'
import { findSession, keepEnded, type Session } from './session-renewal.ts'

type Deps = Pick<
  ProviderDeps,
  'issuer' | 'cookieKeys' | 'renderSignOut' | 'renderSignedOut' | 'signedOut' | 'log' | 'adapterFactory' | 'findClient'
>

/** Where the pages of the sign-out lead; what oidc-provider has below `/confirm` is left for its switch of accounts. */
const paths = {
  ask: routes.end_session,
  answer: `${routes.end_session}/answer`,
  done: `${routes.end_session}/success`,
  onward: `${routes.end_session}/onward`,
}

/**
 * Creates the sign-out (OpenID Connect RP-Initiated Logout 1.0): whatever an application sends and however many tabs there are, it
 * ends with a person who is signed out, or who said that she stays. An ID token of this very session needs no question;
 * everything else does (§ 2). Only registered addresses are ever led to.
 */
export function createSignOut(provider: Provider, deps: Deps): Middleware {
  const entrances: Record<string, (ctx: Context) => Promise<void>> = {
    [`GET ${paths.ask}`]: (ctx) => begin(ctx, provider, deps),
    [`POST ${paths.answer}`]: (ctx) => answer(ctx, provider, deps),
    // A reload, or a bookmark, of the answer's address.
    [`GET ${paths.answer}`]: async (ctx) => redirect(ctx, paths.ask),
    [`GET ${paths.done}`]: (ctx) => done(ctx, provider, deps),
    [`GET ${paths.onward}`]: (ctx) => onward(ctx, provider, deps, new URLSearchParams(ctx.querystring)),
    [`POST ${paths.onward}`]: async (ctx) => onward(ctx, provider, deps, await readForm(ctx)),
  }
  return async (ctx, next) => {
    const method = ctx.method === 'HEAD' ? 'GET' : ctx.method
    const entrance = entrances[`${method} ${ctx.path.toLowerCase().replace(/\/$/, '')}`]
    if (!entrance) {
      await next()
      return await keepSwitchedEnded(ctx, provider, deps)
    }
    ctx.set('Cache-Control', 'no-store')
    await entrance(ctx)
  }
}

/** A switch of accounts, which oidc-provider does by itself, ends a session, too. */
async function keepSwitchedEnded(ctx: Context, provider: Provider, deps: Deps): Promise<void> {
  const session = (ctx as { oidc?: { session?: Session & { destroyed?: boolean } } }).oidc?.session
  if (session?.destroyed) await keepEnded(provider, session, deps)
}

async function begin(ctx: Context, provider: Provider, deps: Deps): Promise<void> {
  const request = await readSignOutRequest(provider, new URLSearchParams(ctx.querystring))
  noteUnused(deps, request)
  const session = await findSession(ctx, provider, deps)
  if (!session.accountId) return leave(ctx, request)
  const own = request.client && request.sid !== undefined && session.sidFor(request.client.clientId) === request.sid
  // A HEAD asks what a GET would answer, and ends nothing.
  if (!own || ctx.method === 'HEAD') return await ask(ctx, deps, session, request)
  await end(ctx, provider, deps, session, request)
  await showSignedOut(ctx, deps, request)
}

/** Draws the question; its form holds for every tab of the session. */
async function ask(ctx: Context, deps: Deps, session: Session, request: SignOutRequest): Promise<void> {
  allowFormAction(ctx, formActionSources(request.returnTo))
  const [proof = ''] = proofsOf(deps, session)
  const form = formOf('post', paths.answer, { ...request.parameters, proof })
  await deps.renderSignOut(ctx, { form, clientName: request.client?.clientName, stranded: isStranded(request) })
}

/** Takes the answer. A session that is gone already needs none; one that is another than asked is asked anew. */
async function answer(ctx: Context, provider: Provider, deps: Deps): Promise<void> {
  const given = await readForm(ctx)
  const request = await readSignOutRequest(provider, given)
  const session = await findSession(ctx, provider, deps)
  if (!session.accountId) return leave(ctx, request)
  if (!isOurs(ctx, deps, session, given.get('proof') ?? '')) return await ask(ctx, deps, session, request)
  if (given.get('logout')) await end(ctx, provider, deps, session, request)
  else if (request.client) await leaveApplication(provider, session, request.client.clientId, deps)
  leave(ctx, request)
}

async function done(ctx: Context, provider: Provider, deps: Deps): Promise<void> {
  const query = new URLSearchParams(ctx.querystring)
  const request = await readSignOutRequest(provider, query)
  const session = await findSession(ctx, provider, deps)
  // Where a redirect after a form would be stopped, the page leads on instead.
  const page = pageOf(request, { stays: session.accountId !== undefined, refresh: request.returnTo })
  await deps.renderSignedOut(ctx, { ...page, stranded: page.stranded || query.has('stranded') })
}

async function onward(ctx: Context, provider: Provider, deps: Deps, given: URLSearchParams): Promise<void> {
  const request = await readSignOutRequest(provider, given)
  redirect(ctx, request.returnTo ?? homeOf(request.client) ?? new URL('/', deps.issuer).href)
}

async function end(
  ctx: Context,
  provider: Provider,
  deps: Deps,
  session: Session,
  { client }: SignOutRequest,
): Promise<void> {
  const { accountId } = session
  await endSession(ctx, provider, session, deps)
  if (accountId) deps.signedOut({ accountId, clientId: client?.clientId })
}

/**
 * After a sign-out that asked nothing, the person reads that it happened; the page goes on by itself. An app's own scheme
 * opens more reliably by a redirect.
 */
async function showSignedOut(ctx: Context, deps: Deps, request: SignOutRequest): Promise<void> {
  if (request.returnTo && !request.returnTo.startsWith('http')) return redirect(ctx, request.returnTo)
  allowFormAction(ctx, formActionSources(request.returnTo))
  await deps.renderSignedOut(ctx, pageOf(request, { stays: false, refresh: request.returnTo }))
}

/** Leads back to the application, or to our page when there is no address to lead to. */
function leave(ctx: Context, request: SignOutRequest): void {
  const { returnTo } = request
  if (returnTo && !(ctx.method === 'POST' && isBeyondFormAction(returnTo))) {
    redirect(ctx, returnTo)
    return
  }
  const query = new URLSearchParams({ ...request.parameters, ...(isStranded(request) && { stranded: '1' }) })
  redirect(ctx, query.size > 0 ? `${paths.done}?${query}` : paths.done)
}

/** Whether an address was given that we do not lead to. */
const isStranded = ({ unused }: SignOutRequest) => unused.some((reason) => reason.startsWith('post_logout'))

function pageOf(request: SignOutRequest, { stays, refresh }: { stays: boolean; refresh?: string | undefined }) {
  const target = request.returnTo ?? homeOf(request.client)
  return {
    ...{ stays, refresh, stranded: isStranded(request), clientName: request.client?.clientName },
    form: formOf('get', paths.onward, request.parameters),
    leadsToClient: target !== undefined,
    link: isBeyondFormAction(request.returnTo) ? request.returnTo : undefined,
  }
}

/** Bound to the session and not to a page: tabs opened before and after each other hold the same. */
function proofsOf({ cookieKeys }: Deps, { uid }: Session): string[] {
  return cookieKeys.map((key) => createHmac('sha256', key).update(`sign-out\0${uid}`).digest('base64url'))
}

/** The button was pressed on our page: the browser says so, or the form does. */
function isOurs(ctx: Context, deps: Deps, session: Session, proof: string): boolean {
  const origin = ctx.get('Origin')
  if (origin) return origin === new URL(deps.issuer).origin
  const given = Buffer.from(proof)
  return proofsOf(deps, session).some(
    (expected) => given.length === expected.length && timingSafeEqual(given, Buffer.from(expected)),
  )
}

function noteUnused(deps: Deps, { client, unused }: SignOutRequest): void {
  if (unused.length === 0) return
  deps.log.info({ event: 'end_session', clientId: client?.clientId, unused }, 'sign-out without what was sent with it')
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => escapes[character] ?? '')

function formOf(method: 'get' | 'post', action: string, fields: Record<string, string>): string {
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`,
  )
  return `<form id="op.logoutForm" method="${method}" action="${action}">${inputs.join('')}</form>`
}
