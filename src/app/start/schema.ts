import type { Config } from '../../config.ts'
import { StartUpError } from '../../errors.ts'
import { prepareQueue } from '../../jobs/queue.ts'
import { type Database, openDatabase } from '../../stores/database/database.ts'
import { migrate, pendingMigrations } from '../../stores/database/migrations.ts'

/** Brings everything in the database to this version, the queue's tables included; names the migrations that were applied. */
export async function migrateAll(knex: Database): Promise<string[]> {
  const applied = await migrate(knex)
  await prepareQueue(knex)
  return applied
}

/**
 * Sees to the schema at a start. Migrations may take longer than the service's own statements: they get connections without
 * its limits. @throws StartUpError when migrations are pending that an operator wants to run himself
 */
export async function prepareSchema(config: Config, knex: Database): Promise<void> {
  if (!config.migrateOnStart) {
    const pending = await pendingMigrations(knex)
    if (pending.length > 0)
      throw new StartUpError(
        `The database lacks ${pending.length} migrations. Run db:migrate first, or set MIGRATE_ON_START=true.`,
      )
    return
  }
  if (!config.database.url) return void (await migrate(knex))
  const patient = await openDatabase(config.database, { patient: true })
  await migrate(patient.knex).finally(patient.close)
}
