import { type Config, loadConfig } from '../config.ts'
import { StartUpError } from '../errors.ts'
import { type Clock, createShiftableClock, createSystemClock } from '../gateways/clock.ts'
import { createFieldEncryption, createKeyedHash } from '../gateways/field-encryption.ts'
import { type Database, openDatabase, pendingMigrations } from '../stores/database.ts'
import type { Protection } from '../stores/protection.ts'
import { createSettingStore } from '../stores/settings.ts'
import type { CliIo } from './frame.ts'

/** What a command works with; the database is open until the command ends. */
export type CliContext = { config: Config; database: Database; protection: Protection; clock: Clock }

/**
 * Loads the settings, opens the database (also while the service runs on it), runs the command and closes.
 * @throws StartUpError when a migration is pending, unless `anySchema`.
 */
export async function withContext<T>(
  io: CliIo,
  run: (context: CliContext) => Promise<T>,
  { anySchema = false } = {},
): Promise<T> {
  const config = loadConfig(io.variables)
  const { encryptionKeys, hashKeys } = config.secrets
  const protection = { encryption: createFieldEncryption(encryptionKeys), hash: createKeyedHash(hashKeys) }
  const database = await openDatabase(config.database, { join: true })
  try {
    const pending = anySchema ? [] : await pendingMigrations(database.knex)
    if (pending.length > 0)
      throw new StartUpError(`The database lacks ${pending.length} migrations; run db:migrate first.`)
    const clock = config.production || anySchema ? createSystemClock() : await openDevelopmentClock(database.knex)
    return await run({ config, database: database.knex, protection, clock })
  } finally {
    await database.close()
  }
}

/** The clock as it was moved for the service (contract.md, `/dev/clock`). */
async function openDevelopmentClock(database: Database): Promise<Clock> {
  return createShiftableClock(Number((await createSettingStore(database).get('clock_offset')) ?? 0))
}
