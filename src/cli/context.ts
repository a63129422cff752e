import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { createAuditTrail } from '../audit/events.ts'
import { type Config, loadConfig } from '../config.ts'
import { StartUpError } from '../errors.ts'
import { type Clock, createShiftableClock, createSystemClock } from '../gateways/clock.ts'
import { createFieldEncryption, createKeyedHash } from '../gateways/field-encryption.ts'
import { createKeyRingService, type KeyRingService } from '../services/key-rings.ts'
import { type Database, openDatabase } from '../stores/database.ts'
import { createStores, type Stores } from '../stores/index.ts'
import { pendingMigrations } from '../stores/migrations.ts'
import type { Protection } from '../stores/protection.ts'
import { createSettingStore } from '../stores/settings.ts'
import { createTransaction, type Transaction } from '../stores/transaction.ts'
import type { CliIo } from './frame.ts'

/** What a command works with; the database is open until the command ends. */
export type CliContext = {
  config: Config
  database: Database
  protection: Protection
  clock: Clock
  stores: Stores
  transaction: Transaction
  keyRings: KeyRingService
}

/**
 * Loads the settings, opens the database (also while the service runs on it), runs the command and closes.
 * @throws StartUpError when a migration is pending, unless `anySchema`, or the keys do not fit, unless `anyKeys`.
 */
export async function withContext<T>(
  io: CliIo,
  run: (context: CliContext) => Promise<T>,
  { anySchema = false, anyKeys = false } = {},
): Promise<T> {
  const config = loadConfig(io.variables)
  const { encryptionKeys, hashKeys } = config.secrets
  const protection = { encryption: createFieldEncryption(encryptionKeys), hash: createKeyedHash(hashKeys) }
  const database = await openDatabase(config.database, { join: true, patient: true })
  try {
    const pending = anySchema ? [] : await pendingMigrations(database.knex)
    if (pending.length > 0)
      throw new StartUpError(`The database lacks ${pending.length} migrations; run db:migrate first.`)
    const clock = config.production || anySchema ? createSystemClock() : await openDevelopmentClock(database.knex)
    const stores = createStores(database.knex, protection)
    const keyRings = createKeyRings(config, stores)
    const context = { config, database: database.knex, protection, clock, stores, keyRings }
    const work = () => run({ ...context, transaction: openTransactions(context) })
    return anySchema || anyKeys ? await work() : await whileHolding(keyRings, work)
  } finally {
    await database.close()
  }
}

function createKeyRings(config: Config, stores: Stores): KeyRingService {
  const { cookieKeys, encryptionKeys, hashKeys } = config.secrets
  return createKeyRingService({
    stores,
    clock: createSystemClock(),
    rings: { cookie: cookieKeys, encryption: encryptionKeys, hash: hashKeys },
    artefactsInRedis: config.redis.url !== undefined,
    holder: { id: randomUUID(), process: `${hostname()}:${process.pid} (cli)` },
  })
}

/** A command writes like any process, so it counts as one while it works. */
async function whileHolding<T>(keyRings: KeyRingService, work: () => Promise<T>): Promise<T> {
  await keyRings.announce()
  // A command that outlives the database's patience is told by its next statement.
  const timer = setInterval(() => keyRings.beat([]).catch(() => {}), 30_000).unref()
  try {
    return await work()
  } finally {
    clearInterval(timer)
    await keyRings.leave()
  }
}

/** Transactions that change and record; they send no messages. */
function openTransactions({ database, protection }: Pick<CliContext, 'database' | 'protection'>): Transaction {
  return createTransaction({
    knex: database,
    protection,
    createAudit: ({ auditEvents }) => createAuditTrail(auditEvents.append),
    committed: () => {},
  })
}

/** The clock as it was moved for the service (contract.md, `/dev/clock`). */
export async function openDevelopmentClock(database: Database): Promise<Clock> {
  return createShiftableClock(Number((await createSettingStore(database).get('clock_offset')) ?? 0))
}
