import Router from '@koa/router'
import Koa from 'koa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openListener } from '../process/listener.ts'
import { methodOf, routeOf } from './routes.ts'

const seen: string[] = []
let listener: Awaited<ReturnType<typeof openListener>>

beforeAll(async () => {
  const app = new Koa()
  app.use(async (ctx, next) => {
    await next()
    seen.push(`${methodOf(ctx)} ${routeOf(ctx)}`)
  })
  const router = new Router()
  const answer = (ctx: Koa.Context) => {
    ctx.body = 'ok'
  }
  router.get('/hilfe', answer)
  router.post('/aktivierung/:token', answer)
  router.get('/anmeldung/:uid/:step', answer)
  app.use(router.routes() as never)
  listener = await openListener('127.0.0.1', 0, 'PORT')
  listener.handle(app.callback())
})
afterAll(() => listener.close())

test.each([
  ['GET', '/hilfe', 'GET /hilfe'],
  ['POST', '/aktivierung/4hLr2Zs0uU', 'POST /aktivierung/:token'],
  ['GET', '/anmeldung/V1StGXR8/passwort', 'GET /anmeldung/:uid/passwort'],
  ['GET', '/anmeldung/V1StGXR8/A123456780', 'GET /anmeldung/:uid/:step'],
  ['GET', '/erika.mustermann', 'GET none'],
  ['POST', '/hilfe', 'POST none'],
  ['LINK', '/hilfe', 'other none'],
  ['POST', '/oidc/token', 'POST /oidc/token'],
  ['GET', '/oidc/auth/V1StGXR8', 'GET /oidc/auth/:uid'],
  ['GET', '/oidc/auth/a/b', 'GET none'],
  ['GET', '/assets/page.css', 'GET /assets/:file'],
])('%s %s is %s', async (method, path, route) => {
  seen.length = 0
  await fetch(`http://127.0.0.1:${listener.port}${path}`, { method })
  expect(seen).toEqual([route])
})
