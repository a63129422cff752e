import { type Config, loadConfig } from '../config.ts'
import { StartUpError } from '../errors.ts'
import { type Clock, createSystemClock } from '../gateways/clock.ts'
import { createFieldEncryption, createKeyedHash } from '../gateways/field-encryption.ts'
import { type Database, openDatabase, pendingMigrations } from '../stores/database.ts'
import type { Protection } from '../stores/protection.ts'
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
    return await run({ config, database: database.knex, protection, clock: createSystemClock() })
  } finally {
    await database.close()
  }
}
