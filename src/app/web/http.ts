import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { fileURLToPath } from 'node:url'
import Router from '@koa/router'
import Koa, { type Middleware } from 'koa'
import serveStatic from 'koa-static'
import type { Logger } from 'pino'
import { addConsoleRoutes } from '../../admin/console.ts'
import { createApi } from '../../api/api.ts'
import type { Config } from '../../config.ts'
import { whyKeptOut } from '../../domain/clients/client.ts'
import { createSystemClock } from '../../gateways/clock.ts'
import { createKnownAddresses, createOneSpelling, fixedAddressesOf } from '../../http/addresses.ts'
import { type CookieJar, createCookieJar, createCookieSigner } from '../../http/cookies.ts'
import { createEmailBounceHook } from '../../http/hooks/email-bounces.ts'
import { createSmsReceiptHook } from '../../http/hooks/sms-receipts.ts'
import { knownBrowser } from '../../http/known-browser.ts'
import { createBrowserCookie } from '../../http/middleware/browser.ts'
import { createClientAddress } from '../../http/middleware/client-address.ts'
import { createConsoleGate, isOfConsole } from '../../http/middleware/console-gate.ts'
import { createCsrf } from '../../http/middleware/csrf.ts'
import { answerRefused, createErrorPages, hasHungUp } from '../../http/middleware/errors.ts'
import { createFormBody } from '../../http/middleware/form-body.ts'
import { createLanguage } from '../../http/middleware/language.ts'
import { createLoadShedding } from '../../http/middleware/load-shedding.ts'
import { createRequestLimits } from '../../http/middleware/request-limits.ts'
import { createRequestLog } from '../../http/middleware/request-log.ts'
import { createSecurityHeaders } from '../../http/middleware/security-headers.ts'
import { addLinkRoutes } from '../../http/pages/link-routes.ts'
import { addPageRoutes } from '../../http/pages/page-routes.ts'
import { addRegistrationRoutes } from '../../http/pages/registration-routes.ts'
import { type PlainAnswer, readsJson } from '../../http/plain-answer.ts'
import { createBranding } from '../../http/views/branding.ts'
import { packageAssets } from '../../http/views/package-assets.ts'
import { createPagesOnDemand, createRender } from '../../http/views/render.ts'
import type { Deps } from '../../journeys/deps.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import { methodOf, routeOf } from '../../metrics/routes.ts'
import { addInteractionRoutes } from '../../oidc/interaction/interactions.ts'
import { createPublicAddress } from '../../oidc/requests/public-address.ts'
import { routes as endpoints } from '../../oidc/settings/routes.ts'
import type { Overload } from '../../process/overload.ts'
import type { RequestContext } from '../../process/request-context.ts'
import type { Services } from '../services.ts'
import { apiSettingsOf } from './api.ts'
import { consoleDepsOf } from './console.ts'
import type { Oidc } from './oidc.ts'

type Settings = {
  config: Config
  issuer: string
  services: Services
  journeys: Deps
  oidc: Oidc
  log: Logger
  requests: RequestContext
  health: Middleware
  overload: Overload
  metrics: Pick<Metrics, 'middleware'>
  /** Answers when no page can be drawn. */
  plain: PlainAnswer
  /** Development pages; they take JSON and no CSRF token. */
  development?: Middleware
}

const root = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

/**
 * Stacks the web application: first what every answer needs, then oidc-provider, whose endpoints authenticate and read
 * their bodies themselves, then the pages with forms of ours.
 */
export function createHttpApp(settings: Settings): RequestListener {
  const { config, issuer, services, journeys, oidc, log } = settings
  const { messages, operation } = services
  const secure = issuer.startsWith('https://')
  const cookies = createCookieJar({ secure })
  const newToken = () => randomBytes(32).toString('base64url')
  const app = new Koa()
  app.keys = createCookieSigner(config.secrets.cookieKeys.map((key) => key.secret.toString('base64')))
  app.on('error', (error, ctx) => log.error({ err: error, requestId: ctx?.state.requestId }, 'unhandled fault'))
  // koa's own answer to a fault in a fault is a bare text without headers.
  app.context.onerror = answerLastFault(app, settings.plain)
  const language = createLanguage(cookies)
  const render = createRender({
    viewsDir: root('views'),
    texts: messages.texts,
    insurer: config.insurer,
    clock: journeys.clock,
  })
  const router = createPages(settings, cookies)
  // Before everything that looks at a path.
  app.use(createOneSpelling([...Object.values(endpoints), ...fixedAddressesOf(router)]))
  app.use(settings.metrics.middleware)
  app.use(createPublicAddress(issuer))
  app.use(createClientAddress(config.trustedProxies))
  const { requests } = settings
  app.use(createRequestLog({ log, requests, trusted: config.trustedProxies, routeOf, methodOf }))
  app.use(createSecurityHeaders({ secure }))
  // From here on every fault has a page, also before language and view are prepared.
  app.use(createPagesOnDemand(language, render))
  app.use(createErrorPages(log))
  app.use(answerRefused)
  app.use(createConsoleGate({ issuer, ...config.admin }))
  app.use(settings.health)
  app.use(serveAssets(root('public'), config.production))
  // Before everything for browsers: calls of gateways are signed and carry neither cookie nor CSRF token.
  app.use(createSmsReceiptHook({ ...messages.smsHooks, limit: config.limits.bodyBytes, log }))
  const { bounceSecret: secret } = config.email
  if (secret) {
    const reported = messages.bounces.report
    app.use(
      createEmailBounceHook({ secret, limit: config.limits.bodyBytes, now: messages.smsHooks.now, reported, log }),
    )
  }
  app.use(
    createApi(apiSettingsOf({ config, issuer, services, log, verify: oidc.verifyToken, now: journeys.clock.now })),
  )
  // Before oidc-provider: the language that an authorization request asks for is remembered.
  app.use(language)
  const shedding = createLoadShedding({ overload: settings.overload, cookies, signedIn: oidc.signedIn })
  const limited = createRequestLimits({
    limits: operation.requestLimits,
    now: journeys.clock.now,
    browserKey(ctx) {
      const browser = knownBrowser(ctx, cookies)
      return browser && services.protection.hash.hash(browser, 'limit:browser')
    },
  })
  app.use(shedding.mark(limited.mark(oidc.changing.mount(createPagesOnDemand(language, render)))))
  app.use(createBranding(config.insurer.branding))
  app.use(render)
  app.use(shedding.answer)
  app.use(limited.answer)
  if (settings.development) app.use(settings.development)
  app.use(createKnownAddresses(router))
  const secrets = config.secrets.cookieKeys.map((key) => key.secret)
  app.use(createFormBody({ ...config.limits.requests, bodyBytes: config.limits.bodyBytes }))
  app.use(createBrowserCookie(cookies, newToken))
  const origins = { members: new URL(issuer).origin, staff: new URL(config.admin.url ?? issuer).origin }
  const originOf = (ctx: Koa.Context) => (isOfConsole(ctx) ? origins.staff : origins.members)
  app.use(createCsrf({ cookies, secrets, originOf, newToken, now: createSystemClock().now }))
  app.use(router.routes() as unknown as Middleware)
  return app.callback()
}

/** Mounts the pages with forms of ours. */
function createPages({ config, issuer, services, journeys, oidc }: Settings, cookies: CookieJar): Router {
  const router = new Router()
  addPageRoutes(router, {
    issuer,
    async signIn() {
      const found = await services.clients.directory.defaultClient()
      if (found && whyKeptOut(found)) return 'kept_out'
      const url = found?.client.initiateLoginUri ?? found?.client.clientUri
      return url === undefined ? undefined : { url }
    },
  })
  addRegistrationRoutes(router, journeys, cookies)
  addLinkRoutes(router, journeys, { unlockCodeDays: config.deadlines.unlockCodeDays, cookies })
  addConsoleRoutes(router, consoleDepsOf({ config, issuer, services, cookies, now: journeys.clock.now }))
  addInteractionRoutes(router, {
    // Read with every request: another provider answers once the signing keys have changed.
    get provider() {
      return oidc.provider
    },
    deps: journeys,
    cookies,
    subjectOf: oidc.subjectOf,
  })
  return router
}

/**
 * Looks for files only where there are some: each look takes a thread of the pool in which passwords are hashed. Files may be kept,
 * as no page may.
 */
function serveAssets(folder: string, production: boolean): Middleware {
  const kept = `max-age=${production ? 31_536_000 : 0}`
  const files = serveStatic(folder, { setHeaders: (response) => void response.setHeader('Cache-Control', kept) })
  const ofPackages = packageAssets()
  return async (ctx, next) => {
    const [, name] = /^\/assets\/([\w.-]+)$/.exec(ctx.path) ?? []
    if (name === undefined) return await next()
    const file = Object.hasOwn(ofPackages, name) ? ofPackages[name] : undefined
    if (file === undefined) return await files(ctx, next)
    ctx.set('Cache-Control', kept)
    ctx.type = 'js'
    ctx.body = await readFile(file)
  }
}

function answerLastFault(app: Koa, plain: PlainAnswer) {
  return function (this: Koa.Context, error: Error | null): void {
    // koa tells the end of a connection as a fault, too.
    if (!error || hasHungUp(this, error)) return
    app.emit('error', error, this)
    plain(this.res, 'internal', { json: readsJson(this.headers.accept) })
  }
}
