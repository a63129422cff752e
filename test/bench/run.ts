import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config.ts'
import { applicationVariables, createSignInLoad, secret, startApplication } from './application.ts'
import { measureArgon2Floor } from './argon2-floor.ts'
import { createHttpClient } from './http-client.ts'
import { measureImport } from './import.ts'
import { createMembers } from './members.ts'
import { measurePrintRun } from './print-run.ts'
import { type Started, start } from './processes.ts'
import { startSmsSink } from './sms-gateway.ts'
import { type Measured, mean, measure, merge } from './statistics.ts'
import { createStorage } from './storage.ts'

/**
 * `npm run bench`: later sign-ins against the argon2 floor, and `client_credentials` against a bare oidc-provider; then the
 * import of the register against a bare COPY and a print run against bare pages. What is compared is measured in turns, so that a machine that is busy elsewhere slows both sides alike.
 * `BENCH_SECONDS`: time of all turns of one measurement; `BENCH_LANES`: how many people sign in at once;
 * `BENCH_NODE_ARGS`: goes to the application's Node, for example `--cpu-prof`.
 */
const seconds = Number(process.env.BENCH_SECONDS ?? 20)
const turns = 3
const cores = availableParallelism()
const lanes = Number(process.env.BENCH_LANES ?? cores * 4)
const root = join(import.meta.dirname, '../..')

async function main(): Promise<void> {
  const storage = await createStorage()
  const sms = await startSmsSink()
  const processes = storage.name === 'embedded' ? 1 : cores
  const variables = applicationVariables(storage.variables, processes, sms)
  const stops: (() => unknown)[] = [storage.drop, sms.close]
  try {
    const config = loadConfig(variables)
    const members = await createMembers(config, 600)
    const app = await startApplication(variables)
    stops.push(app.stop)
    const bare = await startBareIssuer(processes)
    stops.push(bare.stop)
    console.log(`${storage.name}, ${processes} processes, ${lanes} people at once, ${cores} cores`)
    const signIn = createSignInLoad(app, members, sms, { lanes, seconds: seconds / turns })
    const floor = await floorBetween(signIn, () => measureArgon2Floor(config.limits.argon2, seconds / turns / 2))
    console.log(`argon2 floor: ${floor.rate.toFixed(1)} verifies per second on all cores`)
    tell('later sign-ins', floor.measured, floor.rate)
    const [bareTokens, tokens] = await measureTokens(`http://localhost:${bare.line}`, app.issuer)
    tell('client_credentials of a bare oidc-provider', bareTokens)
    tell('client_credentials', tokens, bareTokens.rate)
    const signIns = { floor: floor.rate, ratio: floor.measured.rate / floor.rate, ...floor.measured }
    const ratio = tokens.rate / bareTokens.rate
    const operation = storage.name === 'embedded' ? {} : await measureOperation()
    const measured = { signIns, tokens: { ratio, ...tokens, bare: bareTokens }, ...operation }
    await save({ storage: storage.name, processes, lanes, ...measured })
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}

/** What operators wait for, at a size that takes seconds; `bench:import` and `bench:print` take any. */
async function measureOperation() {
  const register = await measureImport(50_000, console.log)
  const printRun = await measurePrintRun(500)
  const { lettersPerSecond, floor, megabytes } = printRun
  console.log(
    `print run of ${printRun.letters} letters: ${lettersPerSecond.toFixed(1)} per second, preparing ${floor.ratioOfPrepare.toFixed(2)} of ` +
      `bare pdfkit pages, at most ${megabytes.peak} MB`,
  )
  return { register, printRun }
}

function startBareIssuer(processes: number): Promise<Started> {
  const args = ['--no-warnings', join(import.meta.dirname, 'bare-issuer.ts'), secret, String(processes)]
  return start(args, (line) => /^\d+$/.test(line))
}

async function floorBetween(signIn: (warmUpSeconds: number) => Promise<Measured>, floor: () => Promise<number>) {
  const floors = [await floor()]
  const measured: Measured[] = []
  for (let turn = 0; turn < turns; turn++) {
    measured.push(await signIn(turn === 0 ? 4 : 1))
    floors.push(await floor())
  }
  return { rate: mean(floors), measured: merge(measured) }
}

/** Measures the token endpoints of two issuers in turns. */
async function measureTokens(...issuers: [string, string]): Promise<[Measured, Measured]> {
  const measured: [Measured[], Measured[]] = [[], []]
  const work = await Promise.all(issuers.map(createTokenRequest))
  for (let turn = 0; turn < turns; turn++)
    for (const index of [0, 1] as const) {
      const load = { lanes: cores * 8, warmUpSeconds: turn === 0 ? 2 : 0.5, seconds: seconds / turns / 2 }
      measured[index].push(await measure(load, work[index]!))
    }
  return [merge(measured[0]), merge(measured[1])]
}

async function createTokenRequest(issuer: string): Promise<() => Promise<void>> {
  const discovered = await fetch(`${issuer}/.well-known/openid-configuration`)
  const { token_endpoint: endpoint } = (await discovered.json()) as { token_endpoint: string }
  const http = createHttpClient(cores * 8)
  const basic = Buffer.from(`demo-service:${secret}`).toString('base64')
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded', Authorization: `Basic ${basic}` }
  return async () => {
    const answer = await http.send('POST', endpoint, headers, 'grant_type=client_credentials')
    if (answer.status !== 200) throw new Error(`the token endpoint answered ${answer.status}: ${answer.body}`)
  }
}

function tell(name: string, measured: Measured, floor?: number): void {
  const { rate, p50, p95, p99, failed, generatorCpu } = measured
  const ratio = floor === undefined ? '' : `, ratio ${(rate / floor).toFixed(2)}`
  console.log(`${name}: ${rate.toFixed(1)} per second${ratio}`)
  console.log(
    `  p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms; ${failed} failed; ` +
      `load generator ${(generatorCpu * 100).toFixed(0)} % of one core`,
  )
}

async function save(result: object): Promise<void> {
  const at = new Date().toISOString()
  const path = join(root, 'bench-results', `${at.replace(/[:.]/g, '-')}.json`)
  await mkdir(join(root, 'bench-results'), { recursive: true })
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores }
  await writeFile(path, `${JSON.stringify({ at, ...machine, ...result }, null, 2)}\n`)
  console.log(`written to ${path}`)
}

await main()
process.exit()
