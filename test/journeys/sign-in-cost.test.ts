import { afterAll, beforeAll, expect, it } from 'vitest'
import { createHttpClient } from '../bench/http-client.ts'
import { createSignIn } from '../bench/sign-in.ts'
import { type SmsSink, startSmsSink } from '../bench/sms-gateway.ts'
import { backends, startTestApp, type TestApp } from '../support/app.ts'
import { createServerDatabase, type Own, takeRedisDatabase } from '../support/stores/server-database.ts'
import { waitFor } from '../support/wait.ts'
import { demoPassword, lena } from '../support/walk.ts'
import { type Tapped, type Traffic, tapPostgres, tapRedis } from '../support/wire.ts'

/** What one later sign-in may ask of the stores, from the authorization request to the tokens, with the SMS that it sends. */
const limits = { statements: 22, commands: 29 }

const secret = 'secret-of-the-demo-clients-in-this-test-0123456789'
const opened: { close(): unknown }[] = []
let app: TestApp
let database: Tapped
let redis: Tapped
let sms: SmsSink
let signIn: () => Promise<unknown>

beforeAll(async () => {
  if (!backends.includes('servers')) return
  const keep = <T extends { close(): unknown }>(part: T): T => {
    opened.push(part)
    return part
  }
  const own = (server: Own) => keep({ ...server, close: server.drop })
  database = keep(await tapPostgres(own(await createServerDatabase()).url))
  redis = keep(await tapRedis(own(await takeRedisDatabase()).url))
  sms = keep(await startSmsSink())
  const gateway = { SMS_DRIVER: 'http', SMS_GATEWAY_URL: sms.url, DEMO_CLIENT_SECRET: secret }
  app = keep(await startTestApp({ DATABASE_URL: database.url, REDIS_URL: redis.url, ...gateway }, 'embedded'))
  const redirectUri = `${app.demo}/callback`
  const application = { issuer: app.issuer, clientId: 'demo-portal', clientSecret: secret, redirectUri }
  const http = keep(createHttpClient(1))
  const once = createSignIn(http, sms, application)
  signIn = () => once({ username: lena.username, password: demoPassword, mobile: lena.mobile })
})
afterAll(async () => {
  for (const part of opened.reverse()) await part.close()
})

/** Jobs that nobody asked for; what is left of them makes a run dearer, never cheaper. */
const ofNobody =
  /pgboss|pg_stat_activity|key_holders|signing_keys|client_resources|print_runs|unlock_letters|^(select version|ping|info|client)/i
/** A look into the outbox, and the last of the three that come every second. */
const look = /order by "m"."due_at" asc limit/
const lastLook = /"kind" in \(\$\d+, \$\d+\).*order by "m"."due_at" asc limit/

it.skipIf(!backends.includes('servers'))('a later sign-in asks little of PostgreSQL and Redis', async () => {
  // Connections, scripts and what is kept for a minute.
  await signIn()
  const runs: { statements: Traffic; commands: Traffic }[] = []
  for (let run = 0; run < 5; run++) {
    await settle()
    await signIn()
    runs.push(await settle())
  }
  const statements = cheapest(runs.map((run) => run.statements))
  const commands = cheapest(runs.map((run) => run.commands))
  expect(statements.length, list(statements)).toBeLessThanOrEqual(limits.statements)
  expect(commands.length, list(commands)).toBeLessThanOrEqual(limits.commands)
  // What is named here is counted at all.
  expect(statements.join('\n')).toMatch(/one_time_codes[\s\S]*audit_events/)
})

/** Waits until no message is under way and gives what was said until then. */
async function settle() {
  const statements: Traffic = { said: [], roundTrips: 0 }
  await waitFor(async () => {
    const { said } = database.take()
    statements.said.push(...said)
    await new Promise((resolve) => setTimeout(resolve, 100))
    return said.length === 0
  })
  return { statements, commands: redis.take() }
}

const cheapest = (runs: Traffic[]): string[] =>
  runs.map(({ said }) => withoutRegularLooks(said.filter((each) => !ofNobody.test(each)))).sort(byLength)[0] ?? []

const byLength = (a: string[], b: string[]) => a.length - b.length

function withoutRegularLooks(said: string[]): string[] {
  let regular = 3 * said.filter((each) => lastLook.test(each)).length
  return said.filter((each) => !(look.test(each) && regular-- > 0))
}

const list = (said: string[]) => said.map((each, index) => `${index + 1}. ${each.replaceAll(/\s+/g, ' ')}`).join('\n')
