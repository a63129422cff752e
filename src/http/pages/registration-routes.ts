import type Router from '@koa/router'
import type { Context } from 'koa'
import { hashToken } from '../../crypto/field-encryption.ts'
import { parseInsuranceNumber } from '../../domain/register/insurance-number.ts'
import type { Deps, StoresOf } from '../../journeys/deps.ts'
import type { Position } from '../../journeys/journey.ts'
import { type RegistrationDeps, registrationJourney } from '../../journeys/registration/journey.ts'
import { type RegistrationState, registrationState } from '../../journeys/registration/state.ts'
import type { CookieJar } from '../cookies.ts'
import { browserOf, keepBrowser } from '../middleware/browser.ts'
import { probeCookies } from '../middleware/cookie-probe.ts'
import { formOf } from '../middleware/form-body.ts'
import { mountJourney, showPause } from '../mount-journey.ts'

type RouteDeps = RegistrationDeps & Pick<Deps, 'random'> & StoresOf<'journeys'>

const base = '/registrierung'
const hour = 60 * 60 * 1000

/** Mounts the registration. The browser holds a random id in a cookie; what was entered lies encrypted in the database. */
export function addRegistrationRoutes(router: Router, deps: RouteDeps, cookies: CookieJar): void {
  const journey = mountJourney<RegistrationState, RegistrationDeps>({
    journey: registrationJourney,
    deps,
    clock: deps.clock,
    base: () => base,
    locate: (ctx) => locate(ctx, deps, cookies),
    request: (ctx) => ({
      journeyId: String(ctx.state.registrationId ?? ''),
      address: ctx.ip,
      browser: browserOf(ctx),
      language: ctx.state.lang,
    }),
    finish: async () => {},
    // The browser that registered is known (security.md, "sign-in failures").
    locals: (ctx) => ({ journeyMark: markOf(ctx) }),
    moved: (ctx, state) => {
      if (state.step === 'done') keepBrowser(ctx, cookies)
    },
  })
  router.get('/registrierung/neu', (ctx) => {
    cookies.clear(ctx, 'registration')
    ctx.status = 303
    ctx.redirect(base)
  })
  for (const path of [base, `${base}/:step`]) {
    router.get(path, journey.show)
    router.post(path, journey.submit)
  }
}

async function locate(ctx: Context, deps: RouteDeps, cookies: CookieJar): Promise<Position<RegistrationState> | null> {
  const token = cookies.get(ctx, 'registration')
  const position = token ? await load(token, ctx, deps) : null
  const atStart = ctx.path.replace(/\/$/, '') === base
  // Whoever comes back to the first page after the end registers somebody else.
  if (position && !(position.state.step === 'done' && atStart))
    return ctx.method !== 'GET' && isOfAnother(ctx, position.state) ? await notHere(ctx, cookies) : position
  if (!atStart) return await notHere(ctx, cookies)
  if (ctx.method !== 'POST') return { id: '', version: 0, state: registrationJourney.first }
  // A flood leaves no rows behind, and is told so before there is a journey.
  const until = await deps.limits.registrationAddress.exhaustedUntil(ctx.ip)
  if (until) return await pausedHere(ctx, until, deps)
  return await begin(ctx, deps, cookies)
}

/**
 * Whether the form belongs to another registration than the browser holds now: two tabs that begin at once keep the cookie of
 * one, and nobody's contact must land with somebody else's number.
 */
function isOfAnother(ctx: Context, state: RegistrationState): boolean {
  const { _journey: mark, insuranceNumber } = formOf(ctx)
  if (mark) return mark !== markOf(ctx)
  const typed = parseInsuranceNumber(insuranceNumber ?? '')
  return typed.ok && 'insuranceNumber' in state && typed.value !== state.insuranceNumber
}

/** The id is the hash of the token in the cookie; its beginning tells registrations apart. */
const markOf = (ctx: Context) => String(ctx.state.registrationId ?? '').slice(0, 16)

async function pausedHere(ctx: Context, until: Date, { clock }: Pick<Deps, 'clock'>): Promise<null> {
  await showPause(ctx, { until, now: clock.now() }, { action: ctx.path })
  return null
}

async function load(token: string, ctx: Context, deps: RouteDeps): Promise<Position<RegistrationState> | null> {
  const id = hashToken(token)
  const stored = await deps.stores.journeys.load(id, 'registration')
  if (!stored?.state || stored.expiresAt <= deps.clock.now()) return null
  ctx.state.registrationId = id
  return { id, version: stored.version, state: registrationState.parse(stored.state) }
}

/** The first form that is sent begins the journey; looking at the page stores nothing. */
async function begin(ctx: Context, deps: RouteDeps, cookies: CookieJar): Promise<Position<RegistrationState>> {
  const token = deps.random.token()
  const id = hashToken(token)
  // One hour less than the promise, so that the hourly clean-up keeps it: nothing is kept longer than 24 hours.
  const lifetime = (deps.deadlines.abandonedRegistrationHours - 1) * hour
  const state = registrationJourney.first
  const expiresAt = new Date(deps.clock.now().getTime() + lifetime)
  await deps.stores.journeys.begin({ id, kind: 'registration', state, expiresAt })
  cookies.set(ctx, 'registration', token)
  ctx.state.registrationId = id
  return { id, version: 0, state }
}

async function notHere(ctx: Context, cookies: CookieJar): Promise<null> {
  const kept = probeCookies(ctx, cookies)
  if (kept === 'asked') return null
  if (kept === 'blocked') {
    await ctx.renderPage('sign-in/cookies-off', {}, 400)
    return null
  }
  await ctx.renderPage('registration/expired', {}, ctx.method === 'GET' ? 410 : 409)
  return null
}
