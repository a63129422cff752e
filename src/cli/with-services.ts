import { setTimeout as wait } from 'node:timers/promises'
import { createServices, type Services } from '../app/services.ts'
import { openClock } from '../app/start/clock.ts'
import { type Config, loadConfig } from '../config.ts'
import { StartUpError } from '../errors.ts'
import { type Clock, createSystemClock } from '../gateways/clock.ts'
import { createLogger } from '../process/logger.ts'
import { processName } from '../process/process-name.ts'
import { type Database, openDatabase } from '../stores/database/database.ts'
import { pendingMigrations } from '../stores/database/migrations.ts'
import type { CliIo } from './frame.ts'

/** What a command works in, beside the services. */
export type CliContext = {
  config: Config
  knex: Database
  clock: Clock
  /** Does something before the database closes, also when the work is not done: a signal has ended it, or a fault. */
  beforeClosing(step: () => Promise<void>): void
}

type Needs = {
  /** Works on a schema of any version, by the clock of the machine. */
  anySchema?: boolean
  /** Works also when the keys of the settings do not fit the database. */
  anyKeys?: boolean
}

/** Milliseconds that closing may take after a fault or a signal. */
const closing = 2_000

/**
 * Runs the work of a command with the services of the web process over the database, also while that runs. Whatever is opened is
 * closed at the end, after an error, and when a signal ends the work; what it sends waits in the outbox for a worker.
 * @throws StartUpError when a migration is pending or the keys do not fit, or fit no more, unless `needs` says otherwise
 */
export async function withServices<T>(
  io: CliIo,
  work: (services: Services, context: CliContext) => Promise<T>,
  needs: Needs = {},
): Promise<T> {
  const config = loadConfig(io.variables)
  const opened = new AsyncDisposableStack()
  const interruption = io.interruption?.()
  const refusal = Promise.withResolvers<never>()
  const done = openServices(config, needs, opened, refusal.reject).then(([services, context]) =>
    work(services, context),
  )
  try {
    const result = await Promise.race([done, refusal.promise, ...(interruption ? [interruption.signal] : [])])
    await opened.disposeAsync()
    return result
  } catch (fault) {
    // What went wrong is told, not what follows from it. A statement under way is not waited for: it is taken back.
    await Promise.race([opened.disposeAsync().catch(() => {}), wait(closing, undefined, { ref: false })])
    throw fault
  } finally {
    interruption?.end()
  }
}

async function openServices(
  config: Config,
  { anySchema = false, anyKeys = false }: Needs,
  opened: AsyncDisposableStack,
  refuse: (refusal: StartUpError) => void,
): Promise<[Services, CliContext]> {
  const settings = { join: true, patient: true }
  const { knex } = opened.adopt(await openDatabase(config.database, settings), (database) => database.close())
  const pending = anySchema ? [] : await pendingMigrations(knex)
  if (pending.length > 0)
    throw new StartUpError(`The database lacks ${pending.length} migrations; run db:migrate first.`)
  const { clock } = anySchema ? { clock: createSystemClock() } : await openClock(config, knex)
  const services = await createServices({
    ...{ config, knex, clock },
    issuer: config.issuer ?? `http://localhost:${config.port}`,
    log: createLogger(config.logLevel),
    processName: `${processName} (cli)`,
  })
  opened.defer(services.close)
  if (!anySchema && !anyKeys) await holdKeys(services, opened, refuse)
  return [services, { config, knex, clock, beforeClosing: (step) => opened.defer(step) }]
}

/** Milliseconds between two signs of life. */
const beat = 30_000

/** A command writes like any process, so it counts as one while it works. */
async function holdKeys(
  { keys: { keyRings } }: Services,
  opened: AsyncDisposableStack,
  refuse: (refusal: StartUpError) => void,
): Promise<void> {
  await keyRings.announce()
  opened.defer(keyRings.leave)
  const look = () =>
    keyRings.beat([]).catch((fault) => {
      // One that paused while its keys were retired writes nothing more. A database that is away is met by the next statement.
      if (fault instanceof StartUpError) refuse(fault)
    })
  const timer = setInterval(look, beat).unref()
  opened.defer(() => clearInterval(timer))
}
