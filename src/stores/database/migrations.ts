import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Knex } from 'knex'
import type pg from 'pg'
import { StartUpError } from '../../errors.ts'
import { giveLockBack, tryToTakeLock } from './advisory-locks.ts'

/** What the schema is like, seen from this version. `newer`: applied by a version that knows more migrations. */
export type SchemaStatus = { applied: string[]; pending: string[]; newer: string[] }

/** A migration cannot be undone by this version; the message says by which. */
export class RollbackRefused extends Error {
  override name = 'RollbackRefused'
}

const folder = fileURLToPath(new URL('../../../migrations', import.meta.url))
const migrationName = /^\d{3}_\w+\.ts$/

/** Migrations of a folder; tests take one of their own. */
export function migrationsIn(directory: string): Knex.MigrationSource<string> {
  return {
    getMigrations: async () => (await readdir(directory)).filter((file) => migrationName.test(file)).sort(),
    getMigrationName: (file) => file,
    // As a URL: in a path given to import, # ? and % would not be themselves.
    getMigration: (file) => import(pathToFileURL(join(directory, file)).href),
  }
}

// The old version runs beside the new one: migrations that only the new one knows are no fault.
const configOf = (migrationSource: Knex.MigrationSource<string>) => ({
  migrationSource,
  disableMigrationsListValidation: true,
})

/**
 * Brings the schema to the newest version and names what was applied. Of several processes that start at once one works
 * and the others wait; each migration is applied whole or not at all, also when the process is killed.
 * @throws StartUpError when the database has tables that do not go back to the first of these migrations
 */
export function migrate(knex: Knex, source = migrationsIn(folder)): Promise<string[]> {
  return alone(knex, async () => {
    await refuseOtherOrigin(knex, source)
    const [, applied] = await knex.migrate.latest(configOf(source))
    return applied
  })
}

/** Versions may know more or fewer migrations than each other, but all begin with the same one. */
async function refuseOtherOrigin(knex: Knex, source: Knex.MigrationSource<string>): Promise<void> {
  const [first] = await source.getMigrations([])
  const { applied, newer } = await schemaStatus(knex, source)
  if (first && newer.length > 0 && !applied.includes(first))
    throw new StartUpError(
      `The database was not made by this product's migrations: it has ${newer[0]}, but not ${first}. Set DATABASE_URL to an empty database; an embedded one begins anew when its folder (DATA_DIR) is empty.`,
    )
}

/** Tells which migrations are applied, pending, or of a newer version. */
export async function schemaStatus(knex: Knex, source = migrationsIn(folder)): Promise<SchemaStatus> {
  const known = await source.getMigrations([])
  const applied = await appliedMigrations(knex)
  return {
    applied: applied.filter((name) => known.includes(name)),
    pending: known.filter((name) => !applied.includes(name)),
    newer: applied.filter((name) => !known.includes(name)),
  }
}

/** Names the migrations that have not run yet. */
export const pendingMigrations = async (knex: Knex): Promise<string[]> => (await schemaStatus(knex)).pending

/**
 * Undoes the last `steps` migrations, the newest first, and names them. What they added is lost.
 * @throws RollbackRefused when one of them belongs to a newer version
 */
export function rollback(knex: Knex, steps: number, source = migrationsIn(folder)): Promise<string[]> {
  return alone(knex, async () => {
    const { newer } = await schemaStatus(knex, source)
    if (newer.length > 0)
      throw new RollbackRefused(`Undo ${newer.join(', ')} first, with the newer version that brought it.`)
    const undone: string[] = []
    for (let step = 0; step < steps; step++) {
      const [, names] = await knex.migrate.down(configOf(source))
      undone.push(...names)
    }
    return undone
  })
}

/** Names the migrations that the last `steps` of a rollback would undo, the newest first. */
export async function lastMigrations(knex: Knex, steps: number): Promise<string[]> {
  const applied = await appliedMigrations(knex)
  return applied.slice(-steps).reverse()
}

async function appliedMigrations(knex: Knex): Promise<string[]> {
  if (!(await knex.schema.hasTable('knex_migrations'))) return []
  return (await knex('knex_migrations').orderBy('id').select('name')).map((row) => row.name)
}

/**
 * Works while no other process does. knex marks its lock in a row, which stays behind when a process is killed; here a
 * lock of the session decides, which PostgreSQL frees by itself, and whoever holds it may clear the row.
 */
async function alone<T>(knex: Knex, work: () => Promise<T>): Promise<T> {
  const connection: pg.Client = await knex.client.acquireConnection()
  try {
    while (!(await tryToTakeLock(connection, 'schema'))) await setTimeout(200)
    await knex.migrate.forceFreeMigrationsLock()
    return await work()
  } finally {
    await giveLockBack(connection, 'schema')
    await knex.client.releaseConnection(connection)
  }
}
