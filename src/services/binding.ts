import type { Clock } from '../gateways/clock.ts'
import type { KeyedHash } from '../gateways/field-encryption.ts'
import { reproveAuditLog } from '../stores/audit-reproof.ts'
import type { Bound, createBindingStore } from '../stores/bindings.ts'
import type { Database } from '../stores/database.ts'
import type { Transaction } from '../stores/transaction.ts'

type Settings = {
  database: Database
  bindings: ReturnType<typeof createBindingStore>
  transaction: Transaction
  hash: KeyedHash
  clock: Clock
}

/** `bound_before`: it is done once; a value that does not open since was altered. `audit_broken`: the old chain does not hold at a row. */
export type BindingOutcome =
  | { result: 'bound'; values: number; events: number; unreadable: string[] }
  | { result: 'bound_before' }
  | { result: 'audit_broken'; id: string }

/**
 * Binds a database from before to its rows and proves its audit log anew, once, while nothing else works on it. Cut off, it goes on at
 * the next run: what is done says so.
 */
export async function bindDatabase({
  database,
  bindings,
  transaction,
  hash,
  clock,
}: Settings): Promise<BindingOutcome> {
  if (await bindings.wasBound()) return { result: 'bound_before' }
  const log = await reproveAuditLog(database, hash, clock.now())
  if (log.outcome === 'broken') return { result: 'audit_broken', id: log.id }
  const tables: Bound[] = await bindings.bindAll()
  const values = tables.reduce((sum, table) => sum + table.values, 0)
  await transaction(async ({ audit }) => {
    await audit.ciphertextsBound({ at: clock.now(), values, events: log.events })
  })
  return { result: 'bound', values, events: log.events, unreadable: tables.flatMap(({ unreadable }) => unreadable) }
}
