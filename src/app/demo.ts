import type { Middleware } from 'koa'
import type { Logger } from 'pino'
import { demoMembersOf } from '../config/files.ts'
import type { Config } from '../config.ts'
import { createRandom } from '../crypto/random.ts'
import { announce } from '../demo/announce.ts'
import { startDevelopment } from '../demo/development.ts'
import { followClock } from '../demo/follow-clock.ts'
import { createDemoRelyingParty } from '../demo/relying-party/index.ts'
import { seedDemoStaff } from '../demo/staff.ts'
import type { ShiftableClock } from '../gateways/clock.ts'
import type { Deliveries } from '../jobs/deliveries.ts'
import { explainListenFault } from '../process/listener.ts'
import type { Job } from '../services/operation/jobs.ts'
import type { Services } from './services.ts'

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

type Development = { routes: Middleware; greeting: string }

type Settings = {
  config: Config
  issuer: string
  services: Services
  shiftable: ShiftableClock
  log: Logger
  /** Unset in a worker, which answers no pages. */
  demoPort: number | undefined
  jobs: readonly Job[]
  deliveries: Pick<Deliveries, 'wake'>
}

/** Starts demo data, development pages and the automatic print run; a worker keeps to the clock alone. `greeting` is for a terminal. */
export async function startDemo(settings: Settings): Promise<Partial<Development> & { close(): Promise<void> | void }> {
  const { config, issuer, services, shiftable: clock, log, demoPort, jobs, deliveries } = settings
  const { stores, transaction, operation, messages, letters, accounts, register } = services
  if (demoPort === undefined) return { close: followClock(stores.settings, clock) }
  const development = await startDevelopment({
    ...{ clock, log, jobs, stores, transaction },
    sandbox: config.sandbox,
    severalProcesses: config.webConcurrency > 1,
    memberFile: demoMembersOf(config),
    termsVersion: config.insurer.termsVersion,
    hasher: accounts.hasher,
    letters: letters.letters,
    printRuns: letters.printRuns,
    memberImport: register.memberImport,
    postbox: messages.postbox,
    runner: operation.createRunner(log),
    forgetLimits: operation.forgetLimits,
    wake: deliveries.wake,
  })
  const { dataDir, demo } = config
  const { hasher } = accounts
  const staff = await seedDemoStaff({ stores, transaction, clock, hasher, random: createRandom() })
  const greeting = await announce({ dataDir, issuer, demoPort, secret: demo?.clientSecret, staff })
  return { ...development, greeting }
}
