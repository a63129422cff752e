import type pg from 'pg'
import type { Database } from './database.ts'

/**
 * The advisory locks of this database, each a number of PostgreSQL's one space for all of them: four letters as their bytes, so that
 * `pg_locks.objid` can be read.
 */
export const advisoryLocks = {
  /** While events of the audit log get their place in its chain. */
  audit: numberOf('audt'),
  /** While a file of applications is applied. */
  clients: numberOf('clnt'),
  /** While rings of keys are compared. */
  keyRings: numberOf('keyr'),
  /** While the register of members is written. */
  register: numberOf('memb'),
  /** While migrations run. */
  schema: numberOf('schm'),
  /** While signing keys are moved. */
  signingKeys: numberOf('sign'),
  /** While staff are invited or let go, change their roles, or get a passkey or a new set-up. */
  staff: numberOf('stff'),
}

export type AdvisoryLock = keyof typeof advisoryLocks

/** Of the hashes of insurance numbers: their locks have 64 bits and stay far from those above. */
const numberSeed = 1

function numberOf(name: string): number {
  return Buffer.from(name, 'ascii').readInt32BE()
}

/** Waits for a lock and holds it until the transaction ends. */
export async function holdLock(trx: Database, name: AdvisoryLock): Promise<void> {
  await trx.raw('select pg_advisory_xact_lock(?)', [advisoryLocks[name]])
}

/** Holds a lock until the transaction ends; `false` when somebody else has it. */
export async function tryToHoldLock(trx: Database, name: AdvisoryLock): Promise<boolean> {
  const { rows } = await trx.raw('select pg_try_advisory_xact_lock(?) as got', [advisoryLocks[name]])
  return rows[0].got
}

/** Holds everything about these insurance numbers, by their blind indexes, until the transaction ends; in one order for all, so that nobody waits in a circle. */
export async function holdNumbers(trx: Database, hashes: readonly string[]): Promise<void> {
  await trx.raw(
    `select pg_advisory_xact_lock(hashtextextended(hash, ?))
     from (select hash from unnest(?::text[]) as hash order by hash collate "C") as ordered`,
    [numberSeed, [...new Set(hashes)]],
  )
}

/** Takes a lock for a whole session, across transactions; `false` when somebody else has it. */
export async function tryToTakeLock(session: pg.Client, name: AdvisoryLock): Promise<boolean> {
  const { rows } = await session.query<{ got: boolean }>('select pg_try_advisory_lock($1) as got', [
    advisoryLocks[name],
  ])
  return rows[0]?.got === true
}

/** Gives a lock of the session back; a session that is gone has done so already. */
export async function giveLockBack(session: pg.Client, name: AdvisoryLock): Promise<void> {
  await session.query('select pg_advisory_unlock($1)', [advisoryLocks[name]]).catch(() => {})
}
