import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Middleware } from 'koa'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { createDemoRelyingParty } from '../demo/relying-party/index.ts'
import { createDevelopmentRoutes } from '../demo/routes.ts'
import { demoPassword, seedDemo } from '../demo/seed.ts'
import { berlinDay } from '../domain/calendar.ts'
import { StartUpError } from '../errors.ts'
import type { ShiftableClock } from '../gateways/clock.ts'
import { readInsuranceNumbers } from '../services/member-import.ts'
import type { MessageKind } from '../stores/messages.ts'
import { explainListenFault } from './listener.ts'
import type { Services } from './services.ts'

type Settings = {
  config: Config
  issuer: string
  services: Services
  clock: ShiftableClock
  log: Logger
  demoPort: number
  runDue(): Promise<void>
  /** Runs those that have their hour of the day. */
  runDay(): Promise<void>
  wake(): void
}

/** Starts the demo relying party; the issuer may come up later. */
export async function startRelyingParty(config: Config, issuer: string, log: Logger) {
  const clientSecret = config.demo?.clientSecret ?? ''
  const settings = {
    issuer,
    port: config.demoPort,
    host: config.host,
    clients: {
      portal: { clientId: 'demo-portal', clientSecret },
      spa: { clientId: 'demo-spa' },
      thirdParty: { clientId: 'demo-third-party', clientSecret },
      service: { clientId: 'demo-service', clientSecret },
    },
    log: (message: string) => log.info({ part: 'demo relying party' }, message),
  }
  return await createDemoRelyingParty(settings).catch((error) => {
    throw explainListenFault(error, config.host, config.demoPort, 'DEMO_PORT')
  })
}

/** How often the development print run looks for letters, in milliseconds (contract.md: within 5 seconds). */
const printInterval = 1500

/** Starts what only development has: demo data, postbox, clock, automatic print run and the demo relying party. */
export async function startDemo(
  settings: Settings,
): Promise<{ routes: Middleware; greeting: string; close(): Promise<void> }> {
  const { services, clock, config } = settings
  if (config.sandbox) await refuseRealPersons(services, demoFile(config))
  await seedDemo({
    ...services,
    clock,
    hasher: services.hasher,
    importMembers: () => importDemoMembers(services, config, clock),
    termsVersion: config.insurer.termsVersion,
  })
  const print = createAutomaticPrint(services, clock)
  const timer = setInterval(
    () => print().catch((error) => settings.log.error({ err: error }, 'print run failed')),
    printInterval,
  )
  const follow = config.webConcurrency > 1 ? setInterval(() => followClock(services, clock), 1000) : undefined
  const runWith = (jobs: () => Promise<void>) => async () => {
    // A run that was under way may have missed the newest letters: the second one takes them.
    await print()
    await print()
    await jobs()
    await arrive(settings, ['sms', 'email', 'backchannel_logout'])
  }
  return {
    greeting: await announce(settings),
    routes: createDevelopmentRoutes({
      sandbox: config.sandbox,
      clock,
      postbox: services.postbox,
      arrive: () => arrive(settings, ['sms', 'email']),
      runDue: runWith(settings.runDue),
      runDay: runWith(settings.runDay),
      forgetLimits: services.forgetLimits,
      saveOffset: async (offset) => void (await services.stores.settings.set('clock_offset', String(offset))),
    }),
    async close() {
      clearInterval(timer)
      clearInterval(follow)
      await print().catch(() => {})
    },
  }
}

/** The clock is moved in one process; the others follow within a second. */
async function followClock(services: Services, clock: ShiftableClock): Promise<void> {
  const offset = await services.stores.settings.get('clock_offset').catch(() => null)
  if (offset !== null) clock.setOffset(Number(offset))
}

/** Prepares, releases and posts by itself; one run at a time. */
function createAutomaticPrint(services: Services, clock: ShiftableClock): () => Promise<void> {
  let running: Promise<void> | undefined
  const run = async () => {
    const runId = await services.printRuns.prepare(berlinDay(clock.now()))
    for (const open of await services.printRuns.list(['prepared', 'released'])) {
      await services.printRuns.release(open.id)
      await services.printRuns.post(open.id)
    }
    if (runId) await run()
  }
  return () => {
    running ??= run().finally(() => {
      running = undefined
    })
    return running
  }
}

/** Waits until no message of these kinds is on its way any more, at most ten seconds. */
async function arrive({ services, wake }: Settings, kinds: readonly MessageKind[]): Promise<void> {
  const end = performance.now() + 10_000
  while (performance.now() < end && (await services.stores.messages.isAnyDue(kinds))) {
    wake()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const demoFile = (config: Config) => join(config.configDir, 'demo/insured-persons.csv')

/** A sandbox shows its post to the network: its register holds demo persons only (security.md, "Development mode"). */
async function refuseRealPersons(services: Services, file: string): Promise<void> {
  const others = await services.stores.insuredPersons.countOthers(await readInsuranceNumbers(file))
  if (others > 0)
    throw new StartUpError(
      `The register holds persons who are no demo persons (${others}). Unset SANDBOX, or use another database.`,
    )
}

async function importDemoMembers(services: Services, config: Config, clock: ShiftableClock): Promise<void> {
  await services.memberImport.importFile(demoFile(config), { now: clock.now(), actor: 'system', beside: true })
}

/** Writes `demo.json` and tells the same as a short table (contract.md, "Demo clients"). */
async function announce({ config, issuer, demoPort }: Settings): Promise<string> {
  const secret = config.demo?.clientSecret
  const facts = {
    addresses: { issuer, demo: `http://localhost:${demoPort}`, postbox: `${issuer}/dev/postbox` },
    clients: [
      { clientId: 'demo-portal', clientSecret: secret, tokenEndpointAuthMethod: 'client_secret_basic' },
      { clientId: 'demo-spa', tokenEndpointAuthMethod: 'none' },
      { clientId: 'demo-third-party', clientSecret: secret, tokenEndpointAuthMethod: 'client_secret_basic' },
      { clientId: 'demo-service', clientSecret: secret, tokenEndpointAuthMethod: 'client_secret_basic' },
    ],
    logins: [
      { username: 'lena.huber', password: demoPassword, state: 'active' },
      { username: 'josef.bauer', password: demoPassword, state: 'letter posted; the code lies in the postbox' },
    ],
  }
  await mkdir(config.dataDir, { recursive: true })
  await writeFile(join(config.dataDir, 'demo.json'), `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o600 })
  const rows = [
    ['Demo application', facts.addresses.demo],
    ['Registration', `${issuer}/registrierung`],
    ['Postbox (SMS, e-mail, letters)', facts.addresses.postbox],
    ['Discovery', `${issuer}/.well-known/openid-configuration`],
    ...facts.logins.map((login) => [`Log-in ${login.username}`, `${login.password}  (${login.state})`]),
    ...facts.clients.map((client) => [`Client ${client.clientId}`, client.clientSecret ?? 'public']),
  ]
  const width = Math.max(...rows.map(([label]) => label?.length ?? 0))
  return `\n${rows.map(([label, value]) => `  ${label?.padEnd(width)}  ${value}`).join('\n')}\n\n`
}
