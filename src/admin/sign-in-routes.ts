import type Router from '@koa/router'
import type { Context } from 'koa'
import { formOf } from '../http/middleware/form-body.ts'
import type { PageLocals } from '../http/views/render.ts'
import type { StaffSignInOutcome } from '../services/staff/admission.ts'
import type { StaffService } from '../services/staff/staff.ts'
import { totpUri } from '../services/staff/totp.ts'
import { type Entrance, retryAfter } from './entrance.ts'

type Deps = { entrance: Entrance; staff: StaffService; issuerName: string; now(): Date }

const text = (value: string | undefined) => value ?? ''

/** Adds the pages that staff see before they are signed in: sign-in, sign-out, and the link of an invitation. */
export function addStaffSignInRoutes(router: Router, { entrance, staff, issuerName, now }: Deps): void {
  router.get('/admin/sign-in', (ctx) => showSignIn(ctx, {}))
  router.post('/admin/sign-in', async (ctx) => {
    const form = formOf(ctx)
    if (form.passkey !== undefined) return await signInByPasskey(ctx, form.passkey)
    const given = { email: text(form.email), password: text(form.password), code: text(form.totp) }
    const missing = Object.entries({ email: given.email, password: given.password, totp: given.code }).filter(
      ([, value]) => value.trim() === '',
    )
    const values = { email: given.email }
    if (missing.length > 0) {
      const errors = Object.fromEntries(missing.map(([name]) => [name, { key: `console.signIn.missing.${name}` }]))
      return await showSignIn(ctx, { values, errors }, 422)
    }
    const wrong = { key: 'console.signIn.refused' }
    await finish(ctx, await entrance.begin(ctx, given), {
      values,
      errors: { email: wrong, password: wrong, totp: wrong },
    })
  })
  router.post('/admin/sign-in/options', async (ctx) => {
    const offered = await entrance.offerPasskey(ctx)
    if ('until' in offered) return await showPause(ctx, offered.until)
    ctx.body = offered.options
  })
  router.post('/admin/sign-out', async (ctx) => {
    await entrance.leave(ctx)
    ctx.status = 303
    ctx.redirect('/admin/sign-in?signedOut=1')
  })
  router.get('/admin/join/:token', (ctx) => showJoin(ctx, {}))
  router.post('/admin/join/:token', async (ctx) => {
    const form = formOf(ctx)
    const { totpSecret = '', totp = '', password = '', passwordRepeat = '' } = form
    if (password !== passwordRepeat)
      return await showJoin(ctx, { errors: { passwordRepeat: { key: 'console.join.differs' } } }, 422)
    const joined = await staff.join(tokenOf(ctx), { password, totpSecret, code: totp })
    if (joined.outcome === 'password')
      return await showJoin(ctx, { errors: { password: { key: `errors.password.${joined.reason}` } } }, 422)
    if (joined.outcome === 'code') return await showJoin(ctx, { errors: { totp: { key: 'console.join.code' } } }, 422)
    if (joined.outcome === 'link_over') return await ctx.renderPage('admin/link-over', {}, 410)
    await ctx.renderPage('admin/joined', {})
  })

  /** Without an answer the browser got no options: the page says why. */
  async function signInByPasskey(ctx: Context, passkey: string): Promise<void> {
    const offered = passkey === '' ? await entrance.offerPasskey(ctx) : undefined
    if (offered && 'until' in offered) return await showPause(ctx, offered.until)
    await finish(ctx, offered ? { outcome: 'refused' } : await entrance.begin(ctx, { passkey }), {
      errors: { passkey: { key: 'console.passkey.refused' } },
    })
  }

  async function finish(ctx: Context, outcome: StaffSignInOutcome, refused: PageLocals): Promise<void> {
    if (outcome.outcome === 'paused') return await showPause(ctx, outcome.until, refused.values)
    if (outcome.outcome === 'refused') return await showSignIn(ctx, refused, 422)
    const [back, kept] = [entrance.backOf(ctx), entrance.keptOf(ctx)]
    // What was typed before the session ended is sent again by the person, once.
    if (Object.keys(kept).length > 0) return await ctx.renderPage('admin/go-on', { action: back, model: { kept } })
    ctx.status = 303
    ctx.redirect(back)
  }

  async function showPause(ctx: Context, until: Date, values: PageLocals['values'] = {}): Promise<void> {
    ctx.set('Retry-After', retryAfter(until, now()))
    await showSignIn(ctx, { values, model: { pausedUntil: until.toISOString() } }, 429)
  }

  async function showSignIn(ctx: Context, locals: PageLocals, status = 200): Promise<void> {
    const model = {
      back: entrance.backOf(ctx),
      kept: entrance.keptOf(ctx),
      signedOut: ctx.query.signedOut !== undefined,
      ...locals.model,
    }
    await ctx.renderPage('admin/sign-in', { action: '/admin/sign-in', ...locals, model }, status)
  }

  async function showJoin(ctx: Context, locals: PageLocals, status = 200): Promise<void> {
    const found = await staff.lookAtLink(tokenOf(ctx))
    if (!found) return await ctx.renderPage('admin/link-over', {}, 410)
    const { email } = found.staff
    // A refused form keeps the secret that the app has already read.
    const posted = formOf(ctx).totpSecret
    const totpSecret = posted && /^[A-Z2-7]{32}$/.test(posted) ? posted : found.totpSecret
    const { toDataURL } = await import('qrcode')
    const qr = await toDataURL(totpUri(totpSecret, { email, issuer: issuerName }), { margin: 2, width: 220 })
    await ctx.renderPage('admin/join', { action: ctx.path, ...locals, model: { email, totpSecret, qr } }, status)
  }
}

const tokenOf = (ctx: Context) => String((ctx as Context & { params: { token?: string } }).params.token)
