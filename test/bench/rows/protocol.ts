import { join } from 'node:path'
import { createHttpClient, type HttpClient } from '../http-client.ts'
import { codeOf, createFlow, createSignIn, openBrowser, type SignedIn } from '../sign-in.ts'
import { measure, merge } from '../statistics.ts'
import { secret } from '../subjects/application.ts'
import { start } from '../subjects/processes.ts'
import type { Running } from '../subjects/running.ts'
import { type Bench, type Figure, inTurns, less, more, type Row } from './row.ts'

type Endpoints = {
  authorization: string
  token: string
  introspection: string
  userinfo: string
}

/** A provider under load. `signIn` opens a session over one connection, as the n-th lane. */
type Provider = {
  endpoints: Endpoints
  redirectUri: string
  signIn(http: HttpClient, lane: number): Promise<SignedIn>
}

/** What a lane does again and again on its own connection. */
type Work = () => Promise<unknown>

type Request = (provider: Provider, http: HttpClient, lane: number) => Promise<Work>

const scope = 'openid profile offline_access'
const form = 'application/x-www-form-urlencoded'
const basicOf = (client: string) => `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}`

const requests: Record<string, Request> = {
  async 'client-credentials'({ endpoints }, http) {
    const headers = { 'Content-Type': form, Authorization: basicOf('demo-service') }
    return () => expectOk(http.send('POST', endpoints.token, headers, 'grant_type=client_credentials'))
  },
  async refresh(provider, http, lane) {
    const flow = flowOf(provider, http)
    let { refreshToken = '' } = await provider.signIn(http, lane)
    return async () => {
      const answer = await flow.token({ grant_type: 'refresh_token', refresh_token: refreshToken })
      refreshToken = answer.refreshToken ?? ''
    }
  },
  async introspection(provider, http, lane) {
    const { accessToken } = await provider.signIn(http, lane)
    const headers = { 'Content-Type': form, Authorization: basicOf('demo-portal') }
    return () =>
      expectOk(http.send('POST', provider.endpoints.introspection, headers, `token=${accessToken}`), '"active":true')
  },
  async userinfo(provider, http, lane) {
    const { accessToken } = await provider.signIn(http, lane)
    const headers = { Authorization: `Bearer ${accessToken}` }
    return () => expectOk(http.send('GET', provider.endpoints.userinfo, headers), '"given_name"')
  },
  async authorize(provider, http, lane) {
    const flow = flowOf(provider, http)
    const { browser } = await provider.signIn(http, lane)
    return async () => {
      const callback = await browser.get(flow.authorizationUrl({ prompt: 'none' }))
      if (!codeOf(callback)) throw new Error(`no code: ${callback.status} ${callback.url}`)
    }
  },
}

const abouts: Record<string, string> = {
  'client-credentials': 'access tokens for a service',
  refresh: 'new tokens for a refresh token, each used once',
  introspection: 'looks into an access token',
  userinfo: 'claims for an access token',
  authorize: 'authorization requests of a browser that has a session, up to the code',
}

/** Requests of applications, each against a bare oidc-provider in memory that does the same. */
export const protocolRows: Row[] = Object.entries(requests).map(([name, request]) => ({
  name,
  about: `${abouts[name]}, against a bare oidc-provider in memory`,
  needsServers: false,
  measure: (bench) => measureRequest(bench, request),
}))

async function measureRequest(bench: Bench, request: Request): Promise<Figure[][]> {
  const { turns, seconds, cores, servers, cleanUps } = bench
  const lanes = cores * 8
  const running = await bench.running()
  const bare = await startBare(servers ? cores : 1, cleanUps)
  const providers = [bare.provider, ...(await Promise.all(running.map(providerOf)))]
  const works = new Map<Provider, Work[]>()
  for (const provider of providers) works.set(provider, await prepare(provider, request, lanes))
  const results = await inTurns(turns, providers, (provider, turn) => {
    const load = { lanes, warmUpSeconds: turn === 0 ? 2 : 0.5, seconds: seconds / turns / 2 }
    return measure(load, (lane) => works.get(provider)![lane]!())
  })
  await bare.stop()
  const [floor, ...ours] = results.map(merge)
  return ours.map(({ rate, p50, failed }) => [
    more('requests', rate, 'per second'),
    more('share of a bare oidc-provider', rate / (floor?.rate ?? 0), `of ${floor?.rate.toFixed(0)} per second`),
    less('time, median', p50, 'ms'),
    less('failed', failed, 'requests'),
  ])
}

/** Each lane has a connection of its own, which leads to the same process throughout. A few lanes sign in at once. */
async function prepare(provider: Provider, request: Request, lanes: number): Promise<Work[]> {
  const works: Work[] = []
  for (let lane = 0; lane < lanes; lane++) works.push(await request(provider, createHttpClient(1), lane))
  return works
}

async function startBare(processes: number, cleanUps: Bench['cleanUps']) {
  const args = ['--no-warnings', join(import.meta.dirname, '../bare-issuer.ts'), secret, String(processes)]
  const bare = await start(args, (line) => /^\d+$/.test(line))
  const stop = cleanUps.add(bare.stop)
  const issuer = `http://localhost:${bare.line}`
  const redirectUri = 'http://localhost/callback'
  const provider: Provider = {
    endpoints: await discover(issuer),
    redirectUri,
    async signIn(http) {
      const browser = openBrowser(http, { issuer, redirectUri })
      const flow = flowOf(provider, http)
      return await flow.finish(browser, await browser.get(flow.authorizationUrl()))
    },
  }
  return { provider, stop }
}

async function providerOf({ app: { issuer, demo }, members, sms }: Running): Promise<Provider> {
  const redirectUri = `${demo}/callback`
  const application = { issuer, clientId: 'demo-portal', clientSecret: secret, redirectUri }
  return {
    endpoints: await discover(issuer),
    redirectUri,
    async signIn(http, lane) {
      const all = await members()
      return await createSignIn(http, sms, application, scope)(all[lane % all.length]!)
    },
  }
}

function flowOf({ endpoints, redirectUri }: Provider, http: HttpClient) {
  const application = { issuer: '', clientId: 'demo-portal', clientSecret: secret, redirectUri }
  return createFlow(http, application, scope, endpoints)
}

async function discover(issuer: string): Promise<Endpoints> {
  const metadata = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as Record<string, string>
  const endpoint = (name: string) => metadata[`${name}_endpoint`] ?? ''
  return {
    authorization: endpoint('authorization'),
    token: endpoint('token'),
    introspection: endpoint('introspection'),
    userinfo: endpoint('userinfo'),
  }
}

async function expectOk(sent: ReturnType<HttpClient['send']>, content = ''): Promise<void> {
  const { status, body } = await sent
  if (status !== 200 || !body.includes(content)) throw new Error(`answered ${status}: ${body.slice(0, 200)}`)
}
