import Router from '@koa/router'
import type { Middleware } from 'koa'
import bodyParser from 'koa-bodyparser'
import { PublicError } from '../errors.ts'
import type { ShiftableClock } from '../gateways/clock.ts'
import type { PostboxItem, PostboxStore } from '../stores/messages/development-postbox.ts'
import { createDirectOnly } from './direct-only.ts'
import { addDuration } from './duration.ts'

type Settings = {
  /** A sandbox shows its post to everybody; without one, only to who asks directly from this machine. */
  sandbox: boolean
  clock: ShiftableClock
  postbox: Pick<PostboxStore, 'list' | 'pdf'>
  /** Waits for e-mails and SMS that are on their way into the postbox. */
  arrive(): Promise<void>
  /** Runs what is due at the clock's time, print run included, and waits for the deliveries. */
  runDue(): Promise<void>
  /** The same for a day that is passed over. */
  runDay(): Promise<void>
  saveOffset(milliseconds: number): Promise<void>
  forgetLimits(): Promise<unknown>
}

const day = 24 * 60 * 60 * 1000

/** Creates the development pages of contract.md: postbox, clock and jobs. Never part of production. */
export function createDevelopmentRoutes(settings: Settings): Middleware {
  const router = new Router({ prefix: '/dev' })
  const json = bodyParser({ enableTypes: ['json'] }) as never
  const list = async (filter: Parameters<PostboxStore['list']>[0]) => {
    await settings.arrive()
    return (await settings.postbox.list(filter)).map(withPdfUrl)
  }
  router.get('/postbox', async (ctx) => {
    await ctx.renderPage('demo/postbox', { model: { items: await list({}) } })
  })
  router.get('/postbox.json', async (ctx) => {
    // A plus that was not escaped arrives as a blank.
    const filter = { to: single(ctx.query.to)?.replace(/^ /, '+'), kind: single(ctx.query.kind) }
    ctx.body = await list(filter)
  })
  router.get('/postbox/:id.pdf', async (ctx) => {
    const pdf = await settings.postbox.pdf(String(ctx.params.id))
    if (!pdf) throw new PublicError('not_found')
    ctx.type = 'application/pdf'
    ctx.body = pdf
  })
  router.get('/clock', (ctx) => {
    ctx.body = { now: settings.clock.now().toISOString() }
  })
  router.post('/clock', json, async (ctx) => {
    await moveClock(settings, ctx.request.body as { advance?: unknown; reset?: unknown })
    ctx.body = { now: settings.clock.now().toISOString() }
  })
  router.post('/jobs/run', async (ctx) => {
    await settings.runDue()
    ctx.body = { now: settings.clock.now().toISOString() }
  })
  return guarded(router, settings.sandbox)
}

/**
 * Asks who asks before any route, by the look that the router itself has at the path: it takes `/DEV` for the same address, and
 * middleware of its prefix does not.
 */
function guarded(router: Router, sandbox: boolean): Middleware {
  const directOnly = createDirectOnly()
  const routes = router.routes() as unknown as Middleware
  return async (ctx, next) => {
    if (router.match(ctx.path, ctx.method).path.length === 0) return await next()
    if (sandbox) return await routes(ctx, next)
    return await directOnly(ctx, async () => await routes(ctx, next))
  }
}

/** Moves day by day, so that each reminder and each deadline comes on its own day; what only cleans up does so at the end. */
async function moveClock(settings: Settings, body: { advance?: unknown; reset?: unknown }): Promise<void> {
  const { clock } = settings
  if (body.reset === true || body.reset === 'true') {
    clock.setOffset(0)
    // Counters of the future would block until then.
    await settings.forgetLimits()
  } else {
    const target = typeof body.advance === 'string' ? addDuration(clock.now(), body.advance) : null
    if (!target) throw new PublicError('bad_request', { detail: 'advance must be an ISO 8601 duration such as P29D' })
    for (let left = target.getTime() - clock.now().getTime(); left > day; left -= day) {
      clock.setOffset(clock.offset() + day)
      await settings.saveOffset(clock.offset())
      await settings.runDay()
    }
    clock.setOffset(clock.offset() + Math.max(0, target.getTime() - clock.now().getTime()))
  }
  await settings.saveOffset(clock.offset())
  await settings.runDue()
}

const single = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value)

function withPdfUrl({ hasPdf, ...item }: PostboxItem) {
  return { ...item, pdfUrl: hasPdf ? `/dev/postbox/${item.id}.pdf` : null }
}
