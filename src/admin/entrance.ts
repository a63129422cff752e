import type { Context } from 'koa'
import { may } from '../domain/staff/rights.ts'
import type { CookieJar } from '../http/cookies.ts'
import { browserOf, keepBrowser } from '../http/middleware/browser.ts'
import { formOf } from '../http/middleware/form-body.ts'
import type { PageLocals } from '../http/views/render.ts'
import type { ProvedAgain, SignedInStaff, StaffSignInOutcome } from '../services/staff/admission.ts'
import type { StaffPasskeySignIn } from '../services/staff/passkey-sign-in.ts'
import type { StaffSignIn } from '../services/staff/sign-in.ts'
import { navigationFor } from './navigation.ts'
import type { ConsoleRoute, Visit } from './visit.ts'

const sessionCookie = 'console'

/** Who waits for a passkey before the sign-in, and for how many seconds. */
const waitingCookie = 'console_passkey'
const waitingSeconds = 600

/** Fields of the frame itself; what else a form brings is the page's. */
const ofFrame = new Set(['_csrf', '_code', '_passkey', '_back', '_email', '_password'])
const keptPrefix = 'kept.'

export type EntranceDeps = {
  cookies: CookieJar
  signIn: StaffSignIn
  passkeySignIn: StaffPasskeySignIn
  issuer: string
  now(): Date
}

/** Answers a request of a route: looks who it is, what he may do, and what has to be proved again. */
export function createEntrance({ cookies, signIn, passkeySignIn, issuer, now }: EntranceDeps) {
  return {
    /** Lets in who is signed in and may; everybody else gets the page that says what is missing. */
    enter:
      (route: ConsoleRoute) =>
      async (ctx: Context): Promise<void> => {
        const sessionId = cookies.get(ctx, sessionCookie)
        const signedIn = sessionId ? await signIn.session(sessionId) : null
        if (!signedIn) return await askToSignIn(ctx, sessionId !== undefined)
        const visit = visitOf(ctx, signedIn)
        if (route.right !== 'signed-in' && !visit.may(route.right)) return await visit.show('forbidden', {}, 403)
        if (route.fresh && !signedIn.fresh && !(await provesAgain(visit))) return
        await route.handle(visit)
      },
    /** Begins a session in this browser, under an id of its own, for password and code or for a passkey. */
    async begin(ctx: Context, given: { email: string; password: string; code: string } | { passkey: string }) {
      const from = { browser: browserOf(ctx), address: ctx.ip }
      const waiting = cookies.get(ctx, waitingCookie) ?? ''
      const outcome: StaffSignInOutcome =
        'passkey' in given
          ? await passkeySignIn.signIn({ posted: given.passkey, waiting, ...from })
          : await signIn.signIn({ ...given, ...from })
      if (outcome.outcome !== 'signed_in') return outcome
      cookies.set(ctx, sessionCookie, outcome.sessionId)
      keepBrowser(ctx, cookies)
      return outcome
    },
    /** Options for a passkey, which this browser alone can use; its tabs share the id by which it is known. */
    async offerPasskey(ctx: Context) {
      const offered = await passkeySignIn.offer(cookies.get(ctx, waitingCookie), ctx.ip)
      if ('options' in offered) cookies.set(ctx, waitingCookie, offered.waiting, waitingSeconds)
      return offered
    },
    async leave(ctx: Context): Promise<void> {
      const sessionId = cookies.get(ctx, sessionCookie)
      const signedIn = sessionId ? await signIn.session(sessionId) : null
      if (sessionId && signedIn) await signIn.signOut(sessionId, signedIn.staff.id)
      cookies.clear(ctx, sessionCookie)
    },
    /** The page on which the sign-in leads on; only pages of the console are. */
    backOf: (ctx: Context): string => safeBack(formOf(ctx)._back ?? String(ctx.query.back ?? ''), issuer),
    keptOf: (ctx: Context) => keptFields(formOf(ctx)),
  }

  /** A form whose session has ended keeps what was typed: it is sent again after the sign-in. */
  async function askToSignIn(ctx: Context, wasSignedIn: boolean): Promise<void> {
    const back = ctx.method === 'GET' ? `${ctx.path}${ctx.search}` : ctx.path
    if (ctx.method === 'GET' && !wasSignedIn) return ctx.redirect(`/admin/sign-in?${new URLSearchParams({ back })}`)
    const kept = ctx.method === 'GET' ? {} : fieldsOf(formOf(ctx))
    await ctx.renderPage('admin/sign-in', { action: '/admin/sign-in', model: { back, kept, ended: true } }, 401)
  }

  /** True when the second factor was shown with this form; otherwise the page asks for it. */
  async function provesAgain({ ctx, signedIn, form, show }: Visit): Promise<boolean> {
    const { _code: code, _passkey: passkey } = form
    const outcome = await proof(signedIn, code, passkey)
    if (outcome === 'proved') return true
    const hasPasskey = await passkeySignIn.has(signedIn.staff.id)
    const locals: PageLocals = { action: ctx.path, model: { kept: fieldsOf(form), hasPasskey } }
    if (outcome === 'refused')
      locals.errors = passkey
        ? { _passkey: { key: 'console.passkey.refused' } }
        : { _code: { key: 'console.prove.refused' } }
    if (outcome && outcome !== 'refused') ctx.set('Retry-After', retryAfter(outcome.until, now()))
    await show('prove', locals, outcome === undefined ? 403 : outcome === 'refused' ? 422 : 429)
    return false
  }

  async function proof(signedIn: SignedInStaff, code?: string, passkey?: string): Promise<ProvedAgain | undefined> {
    if (passkey) return await passkeySignIn.proveAgain(signedIn, passkey)
    return code === undefined ? undefined : await signIn.proveAgain(signedIn, code)
  }
}

export type Entrance = ReturnType<typeof createEntrance>

/** Seconds for `Retry-After`. */
export const retryAfter = (until: Date, now: Date): string =>
  String(Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1000)))

function visitOf(ctx: Context, signedIn: SignedInStaff): Visit {
  const { staff } = signedIn
  const { params = {} } = ctx as Context & { params?: Record<string, string> }
  return {
    ...{ ctx, signedIn, params },
    form: formOf(ctx),
    actor: `staff:${staff.id}`,
    may: (right) => may(staff.role, right),
    show: (view, locals = {}, status = 200) => {
      const done =
        typeof ctx.query.done === 'string' && /^[a-z-]{1,40}$/.test(ctx.query.done) ? ctx.query.done : undefined
      const frame = { email: staff.email, role: staff.role, navigation: navigationFor(staff.role, ctx.path), done }
      const model = { ...locals.model, console: frame }
      return ctx.renderPage(`admin/${view}`, { action: ctx.path, ...locals, model }, status)
    },
    goTo: (path, notice) => {
      const target = new URL(`/admin${path}`, 'http://console.invalid')
      if (notice) target.searchParams.set('done', notice)
      ctx.status = 303
      ctx.redirect(`${target.pathname}${target.search}${target.hash}`)
    },
  }
}

const fieldsOf = (form: Record<string, string>) =>
  Object.fromEntries(Object.entries(form).filter(([name]) => !ofFrame.has(name) && !name.startsWith(keptPrefix)))

const keptFields = (form: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(form).flatMap(([name, value]) =>
      name.startsWith(keptPrefix) ? [[name.slice(keptPrefix.length), value]] : [],
    ),
  )

function safeBack(text: string, issuer: string): string {
  const url = URL.parse(text, issuer)
  const inside = url && url.origin === new URL(issuer).origin && /^\/admin(\/|$)/.test(url.pathname)
  return inside && !url.pathname.startsWith('/admin/sign-') ? `${url.pathname}${url.search}` : '/admin'
}
