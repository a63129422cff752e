import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config.ts'
import { measureArgon2Floor } from './argon2-floor.ts'
import { createHttpClient } from './http-client.ts'
import { createMembers } from './members.ts'
import { type Started, start } from './processes.ts'
import { type Application, createSignIn } from './sign-in.ts'
import { startSmsSink } from './sms-gateway.ts'
import { type Measured, measure } from './statistics.ts'
import { createStorage } from './storage.ts'

/**
 * `npm run bench`: later sign-ins against the argon2 floor, and `client_credentials` against a bare oidc-provider, all in one
 * run. `BENCH_SECONDS` is the time of each measurement, `BENCH_LANES` how many people sign in at once,
 * `BENCH_NODE_ARGS` goes to the application's Node, for example `--cpu-prof`.
 */
const seconds = Number(process.env.BENCH_SECONDS ?? 20)
const cores = availableParallelism()
const lanes = Number(process.env.BENCH_LANES ?? cores * 4)
const root = join(import.meta.dirname, '../..')
const secret = 'benchmark-secret-of-the-demo-service-client-0123456789'

async function main(): Promise<void> {
  const storage = await createStorage()
  const sms = await startSmsSink()
  const stops: (() => unknown)[] = [storage.drop, sms.close]
  try {
    const servers = storage.name !== 'embedded'
    const processes = servers ? cores : 1
    const variables = {
      ...process.env,
      ...storage.variables,
      NODE_ENV: 'development',
      PORT: '0',
      DEMO_PORT: '0',
      LOG_LEVEL: 'warn',
      IP_LIMIT_FACTOR: '100000',
      WEB_CONCURRENCY: String(processes),
      SMS_DRIVER: 'http',
      SMS_GATEWAY_URL: sms.url,
      DEMO_CLIENT_SECRET: secret,
    }
    const config = loadConfig(variables)
    const members = await createMembers(config, 600)
    const floor = await measureArgon2Floor(config.limits.argon2, Math.max(3, seconds / 4))
    console.log(`argon2 floor: ${floor.toFixed(1)} verifies per second on ${cores} cores`)
    const app = await startApplication(variables)
    stops.push(app.started.stop)
    const portal = { issuer: app.issuer, clientId: 'demo-portal', clientSecret: secret, redirectUri: `${app.demo}/callback` }
    const signIns = await measureSignIns(portal, members, sms)
    tell(`later sign-ins (${storage.name}, ${processes} processes)`, signIns, floor)
    const tokens = await measureTokens(app.issuer)
    await app.started.stop()
    const bare = await measureBareTokens(processes)
    tell('bare oidc-provider, client_credentials', bare)
    tell('client_credentials', tokens, bare.rate)
    await save({ storage: storage.name, processes, lanes, floor, signIns, tokens, bare })
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}

async function startApplication(variables: NodeJS.ProcessEnv): Promise<{ issuer: string; demo: string; started: Started }> {
  const args = [...(process.env.BENCH_NODE_ARGS?.split(' ') ?? []), join(root, 'src/main.ts')]
  const started = await start(args, (line) => line.includes('"msg":"ready"'), variables)
  const { issuer, demoPort } = JSON.parse(started.line) as { issuer: string; demoPort: number }
  return { issuer, demo: `http://localhost:${demoPort}`, started }
}

async function measureSignIns(
  application: Application,
  members: Awaited<ReturnType<typeof createMembers>>,
  sms: Awaited<ReturnType<typeof startSmsSink>>,
): Promise<Measured> {
  const http = createHttpClient(lanes)
  const signIn = createSignIn(http, sms, application)
  let next = 0
  const work = () => signIn(members[next++ % members.length]!)
  return await measure({ lanes, warmUpSeconds: 4, seconds }, work).finally(http.close)
}

async function measureTokens(issuer: string): Promise<Measured> {
  const discovered = await fetch(`${issuer}/.well-known/openid-configuration`)
  const { token_endpoint: endpoint } = (await discovered.json()) as { token_endpoint: string }
  const http = createHttpClient(lanes)
  const basic = Buffer.from(`demo-service:${secret}`).toString('base64')
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded', Authorization: `Basic ${basic}` }
  const work = async () => {
    const answer = await http.send('POST', endpoint, headers, 'grant_type=client_credentials')
    if (answer.status !== 200) throw new Error(`the token endpoint answered ${answer.status}: ${answer.body}`)
  }
  const half = Math.max(3, seconds / 2)
  return await measure({ lanes: cores * 8, warmUpSeconds: 2, seconds: half }, work).finally(http.close)
}

async function measureBareTokens(processes: number): Promise<Measured> {
  const args = [join(import.meta.dirname, 'bare-issuer.ts'), secret, String(processes)]
  const bare = await start(args, (line) => /^\d+$/.test(line))
  return await measureTokens(`http://localhost:${bare.line}`).finally(bare.stop)
}

function tell(name: string, measured: Measured, floor?: number): void {
  const { rate, p50, p95, p99, failed, generatorCpu } = measured
  const times = `p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`
  const ratio = floor === undefined ? '' : `, ratio ${(rate / floor).toFixed(2)}`
  console.log(`${name}: ${rate.toFixed(1)} per second${ratio}`)
  console.log(`  ${times}; ${failed} failed; load generator ${(generatorCpu * 100).toFixed(0)} % of one core`)
}

type Result = {
  storage: string
  processes: number
  lanes: number
  floor: number
  signIns: Measured
  tokens: Measured
  bare: Measured
}

async function save(result: Result): Promise<void> {
  const ratios = { signIns: result.signIns.rate / result.floor, tokens: result.tokens.rate / result.bare.rate }
  const at = new Date().toISOString()
  const path = join(root, 'bench-results', `${at.replace(/[:.]/g, '-')}.json`)
  await mkdir(join(root, 'bench-results'), { recursive: true })
  await writeFile(
    path,
    `${JSON.stringify({ at, node: process.version, cpu: cpus()[0]?.model, ratios, ...result }, null, 2)}\n`,
  )
  console.log(`written to ${path}`)
}

await main()
