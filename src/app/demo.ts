import type { Logger } from 'pino'
import { demoMembersOf } from '../config/files.ts'
import type { Config } from '../config.ts'
import { announce } from '../demo/announce.ts'
import { startDevelopment } from '../demo/development.ts'
import { createDemoRelyingParty } from '../demo/relying-party/index.ts'
import type { ShiftableClock } from '../gateways/clock.ts'
import { explainListenFault } from '../process/listener.ts'
import type { Job } from '../services/operation/jobs.ts'
import type { Services } from './services.ts'

export { followClock } from '../demo/follow-clock.ts'

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

type Settings = {
  config: Config
  issuer: string
  services: Services
  clock: ShiftableClock
  log: Logger
  demoPort: number
  jobs: readonly Job[]
  wake(): void
}

/** Starts demo data, development pages and the automatic print run; `greeting` tells a terminal of them. */
export async function startDemo({ config, issuer, services, demoPort, ...given }: Settings) {
  const { stores, transaction, operation, messages, letters, accounts, register } = services
  const development = await startDevelopment({
    ...{ ...given, stores, transaction },
    sandbox: config.sandbox,
    severalProcesses: config.webConcurrency > 1,
    memberFile: demoMembersOf(config),
    termsVersion: config.insurer.termsVersion,
    hasher: accounts.hasher,
    letters: letters.letters,
    printRuns: letters.printRuns,
    memberImport: register.memberImport,
    postbox: messages.postbox,
    runner: operation.createRunner(given.log),
    forgetLimits: operation.forgetLimits,
  })
  const { dataDir, demo } = config
  return { ...development, greeting: await announce({ dataDir, issuer, demoPort, secret: demo?.clientSecret }) }
}
