import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import Router from '@koa/router'
import Koa, { type Middleware } from 'koa'
import bodyParser from 'koa-bodyparser'
import serve from 'koa-static'
import { createSystemClock } from '../../gateways/clock.ts'
import { createConfigured, type DemoClients } from './clients.ts'
import { createPages, type ShowPage } from './pages.ts'
import { addBackchannelLogout, addPortal } from './portal.ts'
import { createFaultPages, createHeaders, createOneHostName, createOriginCheck } from './protection.ts'
import { addService } from './service.ts'
import { createSessions } from './sessions.ts'
import { addSpa } from './spa.ts'
import { addThirdParty } from './third-party.ts'
import type { WebApplication } from './web-application.ts'

/** What the demonstration needs to know. */
type DemoRelyingPartySettings = {
  /** Issuer identifier, for example `http://localhost:3000`; it may come up later than the demonstration. */
  issuer: string
  /** Port to listen on; 0 picks a free one. */
  port: number
  /** Address to listen on, for example `127.0.0.1`. */
  host: string
  clients: DemoClients
  log?: (message: string) => void
  /** Clock of the applications; the machine's own unless given, because a relying party knows nothing of ours. */
  now?: () => Date
}

/** A running demonstration. */
type DemoRelyingParty = { port: number; close(): Promise<void> }

/**
 * Starts the demo relying party: four applications that delegate their sign-in as any integrator would, by discovery and
 * client credentials only (contract.md, "Demo clients"). Its public address is `http://localhost:<port>`.
 * Throws what `listen` throws, for example `EADDRINUSE`.
 */
export async function createDemoRelyingParty(settings: DemoRelyingPartySettings): Promise<DemoRelyingParty> {
  const app = new Koa()
  const server = createServer()
  await listen(server, settings.port, settings.host)
  const { port } = server.address() as AddressInfo
  const assets = fileURLToPath(new URL('../../../public/demo/', import.meta.url))
  const base = `http://localhost:${port}`
  const log = settings.log ?? (() => {})
  const show = createPages(settings.issuer)
  app.use(createHeaders(new URL(settings.issuer).origin))
  app.use(createFaultPages(show, log))
  app.use(createOneHostName(base))
  app.use(createOriginCheck(base, ['/callback', '/third-party/callback', '/backchannel-logout']))
  app.use(bodyParser({ enableTypes: ['form'], formLimit: '64kb' }) as Middleware)
  app.use(createRoutes(settings, base, show, log).routes() as Middleware)
  app.use(serve(assets, { index: false }))
  server.on('request', app.callback())
  return { port, close: () => close(server) }
}

function createRoutes(
  { issuer, clients, now = createSystemClock().now }: DemoRelyingPartySettings,
  base: string,
  show: ShowPage,
  log: (message: string) => void,
): Router {
  const router = new Router()
  const portal: WebApplication = {
    brand: 'Meine AOK',
    cookie: 'demo_rp',
    base,
    paths: { home: '/', login: '/login', callback: '/callback', signedIn: '/signed-in', signOut: '/sign-out' },
    scope: 'openid profile email phone insurance offline_access',
    configured: createConfigured(issuer, clients.portal),
    sessions: createSessions(now),
    show,
    log,
  }
  const thirdParty: WebApplication = {
    ...portal,
    brand: 'Gesundheits-App (Demo eines Drittanbieters)',
    cookie: 'demo_rp_third',
    paths: {
      home: '/third-party',
      login: '/third-party/login',
      callback: '/third-party/callback',
      signedIn: '/third-party',
      signOut: '/third-party/sign-out',
    },
    scope: 'openid profile email',
    configured: createConfigured(issuer, clients.thirdParty),
    sessions: createSessions(now),
  }
  addPortal(router, portal)
  addThirdParty(router, thirdParty)
  const receivers = new Map([
    [clients.portal.clientId, portal],
    [clients.thirdParty.clientId, thirdParty],
  ])
  addBackchannelLogout(router, receivers, now)
  addService(router, { configured: createConfigured(issuer, clients.service), show, log })
  addSpa(router, { issuer, clientId: clients.spa.clientId, show })
  return router
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
