import type { Config } from '../config.ts'
import { StartUpError } from '../errors.ts'
import type { Clock } from '../gateways/clock.ts'
import type { Database } from '../stores/database.ts'
import { createLogger } from './logger.ts'
import { createServices, type Services } from './services.ts'

/** Runs an operator's work with the same services as the web process; what it sends lies in the outbox for that process. */
export async function withServices<T>(
  { config, knex, clock }: { config: Config; knex: Database; clock: Clock },
  run: (services: Services) => Promise<T>,
): Promise<T> {
  const issuer = config.issuer ?? `http://localhost:${config.port}`
  const sendLogoutToken = async () => {
    throw new StartUpError('Logout tokens are sent by the web process.')
  }
  const log = createLogger(config.logLevel)
  const settings = {
    config,
    issuer,
    clock,
    knex,
    log,
    sendLogoutToken,
    committed() {},
  }
  const services = await createServices(settings)
  try {
    return await run(services)
  } finally {
    await services.close()
  }
}
