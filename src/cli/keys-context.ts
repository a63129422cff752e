import { withServices } from '../app/operator.ts'
import type { Services } from '../app/services.ts'
import type { Config } from '../config.ts'
import { withContext } from './context.ts'
import type { CliIo, CliResult } from './frame.ts'

/** Runs a command with the services of keys. */
export const withKeys = (io: CliIo, work: (services: Services, config: Config) => Promise<CliResult>) =>
  withContext(io, ({ config, database, clock }) =>
    withServices({ config, knex: database, clock }, (services) => work(services, config)),
  )
