import createKnex, { type Knex } from 'knex'
import { type Connector, createConnector, type Timeouts, types } from './connection.ts'
import { parseDatabaseUrl } from './database-url.ts'
import { joinEmbeddedPostgres, startEmbeddedPostgres } from './embedded/index.ts'
import { PreparingClient } from './prepared-statements.ts'

/** A knex instance or a transaction of it: every store works with both. */
export type Database = Knex

/**
 * Makes a subquery with `limit … for update skip locked` run once. As `id in (…)` PostgreSQL may run it anew for every
 * row of the outer statement and so take more rows than the limit.
 */
export const onceOnly = (db: Database, due: Knex.QueryBuilder) => db.raw('id = any(array(?))', [due])

/**
 * Which PostgreSQL to use: a server by URL (times in milliseconds, 0 is none; `prepare` statements by name unless `false`), or the
 * embedded one of a data folder.
 */
export type DatabaseSettings =
  | { url: string; poolSize: number; timeouts?: Partial<Timeouts>; prepare?: boolean }
  | { dataDir: string }

/** Configurations, which transactions share, of databases whose socket takes no COPY FROM STDIN. */
const withoutCopy = new WeakSet<object>()

/** Tells whether COPY FROM STDIN works; the socket of the embedded database does not take it. */
export const canCopy = (db: Database): boolean => !withoutCopy.has(db.client.config)

/** For what asks without limits: the connection alone must be made in time. */
const unlimited: Timeouts = { connect: 10_000, statement: 0, lock: 0, idleInTransaction: 0 }

/** An open database; `close` ends the pool and, when embedded, the database itself. */
export type OpenDatabase = { knex: Knex; embedded: boolean; close(): Promise<void> }

/**
 * Opens the database. `join` uses an embedded database that another process serves (command line);
 * without it the data folder is locked for this process. `patient`: for an operator's long work, which the limits of
 * the service's own short statements must not cut off.
 * @throws DataFolderInUse, DataFolderUnusable, StartUpError (wrong URL), or the connection error of node-postgres.
 */
export async function openDatabase(
  settings: DatabaseSettings,
  { join = false, patient = false } = {},
): Promise<OpenDatabase> {
  if ('url' in settings) {
    const timeouts = { ...unlimited, ...(patient ? { connect: settings.timeouts?.connect } : settings.timeouts) }
    const connector = createConnector(parseDatabaseUrl(settings.url), timeouts as Timeouts)
    const knex = connectKnex(connector, settings.poolSize, settings.prepare === false ? 'pg' : PreparingClient)
    return { knex, embedded: false, close: () => knex.destroy() }
  }
  const server = await (join ? joinEmbeddedPostgres : startEmbeddedPostgres)(settings.dataDir)
  const connection = { host: server.socketDir, port: 5432, user: 'postgres', database: 'postgres', types }
  // All its connections are one session, which would have one name twice.
  const knex = connectKnex({ connection, pool: {}, watch() {} }, 10, 'pg')
  withoutCopy.add(knex.client.config)
  return {
    knex,
    embedded: true,
    async close() {
      await knex.destroy()
      await server.close()
    },
  }
}

function connectKnex({ connection, pool, watch }: Connector, max: number, client: Knex.Config['client']): Knex {
  // Faults reach the caller as errors; knex would print them with values a second time.
  const log = { warn() {}, error() {}, deprecate() {}, debug() {} }
  const knex = createKnex({
    client,
    connection,
    pool: { min: 0, max, ...pool },
    acquireConnectionTimeout: 10_000,
    log,
  })
  watch(knex)
  return knex
}

/** Connections of the pool: in use, idle, and how many requests wait for one. */
export function poolState({ client }: Database): { used: number; free: number; waiting: number } {
  const { pool } = client as { pool?: { numUsed(): number; numFree(): number; numPendingAcquires(): number } }
  return { used: pool?.numUsed() ?? 0, free: pool?.numFree() ?? 0, waiting: pool?.numPendingAcquires() ?? 0 }
}
