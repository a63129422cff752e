import type { Knex } from 'knex'
import pg from 'pg'
import type { DatabaseAddress } from './database-url.ts'

/** Milliseconds. `patient`: work of an operator (migration, import) that may take its time. */
export type Timeouts = { connect: number; statement: number; lock: number; idleInTransaction: number }

/** What knex needs to connect, to find out that a server is the wrong one now, and to look for the right one again. */
export type Connector = {
  connection: Knex.PgConnectionConfig | (() => Promise<Knex.PgConnectionConfig>)
  pool: Knex.PoolConfig
  /** Watches a knex instance for signs of a fail-over. */
  watch(knex: Knex): void
}

/** SQLSTATE of a write on a standby (PostgreSQL documentation, appendix A): the server was demoted under us. */
const readOnlyTransaction = '25006'

/** Days stay text (`2026-11-24`): a driver's Date would carry a time zone that they do not have. */
export const types = {
  getTypeParser: (oid: number, format: string) =>
    oid === pg.types.builtins.DATE ? (day: string) => day : pg.types.getTypeParser(oid, format as 'text'),
}

/**
 * Prepares connections to the servers of an address. Of several hosts the first that answers (and accepts writes, when
 * asked for) is taken, as libpq does; node-postgres knows one host only. When connections break, cannot be made, or a
 * server refuses writes, all of them are given up one by one and the hosts are looked through anew.
 */
export function createConnector(address: DatabaseAddress, timeouts: Timeouts): Connector {
  const base = {
    user: address.user,
    password: address.password,
    database: address.database,
    ssl: address.ssl as never,
    application_name: 'meine-aok-anmeldung',
    connectionTimeoutMillis: timeouts.connect,
    keepAlive: true,
    types,
    ...inSession(timeouts),
  }
  const [only] = address.hosts
  if (address.hosts.length === 1 && !address.writable) return { connection: { ...base, ...only }, pool: {}, watch() {} }
  return createFailoverConnector(address, base as Knex.PgConnectionConfig)
}

/** Limits that the server itself keeps; 0 is none. The client gives up five seconds after the server should have. */
function inSession({ statement, lock, idleInTransaction }: Timeouts) {
  return {
    statement_timeout: statement,
    lock_timeout: lock,
    idle_in_transaction_session_timeout: idleInTransaction,
    ...(statement > 0 && { query_timeout: statement + 5000 }),
  }
}

type MarkedConnection = pg.Client & { generation?: number }

function createFailoverConnector(address: DatabaseAddress, base: Knex.PgConnectionConfig): Connector {
  let generation = 0
  let suspect = false
  const suspected = () => {
    suspect = true
  }
  let search: ReturnType<typeof findServer> | undefined
  const find = async () => {
    // Connections that are made at once share one search: each of its own would make those of the others old.
    search ??= findServer(address, base)
      .then((host) => {
        suspect = false
        generation++
        return host
      })
      .finally(() => {
        search = undefined
      })
    return { ...base, ...(await search), expirationChecker: () => suspect }
  }
  return {
    connection: find as () => Promise<Knex.PgConnectionConfig>,
    pool: {
      // A request that comes during a fail-over waits for the new primary, up to the time for acquiring a connection.
      propagateCreateError: false,
      createRetryIntervalMillis: 250,
      afterCreate(connection: MarkedConnection, done: (error: Error | undefined, connection: pg.Client) => void) {
        connection.generation = generation
        connection.on('error', suspected)
        assertRole(connection, address).then(
          () => done(undefined, connection),
          (error) => done(error, connection),
        )
      },
      validate: (connection: MarkedConnection) => connection.generation === generation,
    } as Knex.PoolConfig,
    watch(knex) {
      knex.client.pool.on('createFail', suspected)
      knex.on('query-error', (error: { code?: string }) => {
        if (error.code === readOnlyTransaction || !error.code || /^(57P0|08|ECONN|EPIPE)/.test(error.code)) suspected()
      })
    },
  }
}

/** Looks through the hosts in their order. @throws the fault of the last one when none will do */
async function findServer(address: DatabaseAddress, base: Knex.PgConnectionConfig) {
  let fault: unknown
  for (const host of address.hosts) {
    const client = new pg.Client({ ...(base as pg.ClientConfig), ...host })
    client.on('error', () => {})
    try {
      await client.connect()
      await assertRole(client, address)
      return host
    } catch (error) {
      fault = error
    } finally {
      await client.end().catch(() => {})
    }
  }
  throw fault
}

/** @throws Error when the server does not accept writes and the address asks for it */
async function assertRole(client: pg.Client, { writable }: DatabaseAddress): Promise<void> {
  if (!writable) return
  const { rows } = await client.query<{ transaction_read_only: string }>('show transaction_read_only')
  if (rows[0]?.transaction_read_only === 'on')
    throw Object.assign(new Error('the server accepts no writes'), { code: readOnlyTransaction })
}
