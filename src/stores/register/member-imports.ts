import { randomUUID } from 'node:crypto'
import { insuranceNumberHashes } from '../../crypto/blind-index.ts'
import type { Protection } from '../../crypto/protection.ts'
import type { CalendarDay } from '../../domain/calendar.ts'
import { holdLock } from '../database/advisory-locks.ts'
import { loadLines } from '../database/bulk-load.ts'
import type { Database } from '../database/database.ts'
import { placeOf } from '../keys/protected-tables.ts'
import { stagedColumns } from './person-lines.ts'

/** How long an import that has died keeps others out, in seconds; a living one renews it with every batch. */
const leaseSeconds = 60
const leaversPerBatch = 500
const linesPerFetch = 50_000

/** How many persons are covered on a day, and how many of them a full file does not name. */
export type LeaverCount = { covered: number; left: number }

/** Persons of the file who are in the register as the file has them. */
const knownUnchanged = `select r.line from member_import_rows r join insured_persons p using (insurance_number_hash)
  where p.fingerprinted_at = p.updated_at and p.record_fingerprint = any(r.fingerprints)`

// What is staged is unlogged: a crash of the server empties it.
const databaseRestarted = () => new Error('the database was restarted during the import; run it again')

/** Creates the store of imports: who imports, and what its file says, as keyed hashes only. */
export function createMemberImportStore(db: Database, protection: Protection) {
  const { encryption, hash } = protection
  const busyUntil = db.raw('clock_timestamp() + make_interval(secs => ?)', [leaseSeconds])

  return {
    /** Begins an import and empties what a dead one has left; gives when the other one began, if one runs. */
    async begin(importId: string): Promise<{ runsSince: Date | undefined } | null> {
      const lease = {
        name: 'register',
        import_id: importId,
        started_at: db.raw('clock_timestamp()'),
        busy_until: busyUntil,
      }
      const taken = await db('member_import_leases')
        .insert(lease)
        .onConflict('name')
        .merge()
        .where('member_import_leases.busy_until', '<', db.raw('clock_timestamp()'))
        .returning('import_id')
      if (taken.length > 0) {
        await empty(db)
        return null
      }
      const other = await db('member_import_leases').first('started_at')
      return { runsSince: other?.started_at }
    },

    /** Holds the import until the end of the transaction; `false` when another one has taken over. */
    async renew(importId: string): Promise<boolean> {
      return (await db('member_import_leases').where({ import_id: importId }).update({ busy_until: busyUntil })) > 0
    },

    /** Ends an import and empties what it has noted, unless another one has taken over. */
    async end(importId: string): Promise<void> {
      await db.transaction(async (trx) => {
        const lease = await trx('member_import_leases').where({ import_id: importId }).forUpdate().first()
        if (!lease) return
        await empty(trx)
        await trx('member_import_leases').where({ import_id: importId }).delete()
      })
    },

    /** Lets an import count as dead, whatever it does yet: the next one begins at once, and it is refused to go on. */
    async abandon(importId: string): Promise<void> {
      const dead = { import_id: randomUUID(), busy_until: db.raw('clock_timestamp()') }
      await db('member_import_leases').where({ import_id: importId }).update(dead)
    },

    /** Empties what an import has left that died, and gives 1 when there was one. */
    forgetDead: (): Promise<number> =>
      db.transaction(async (trx): Promise<number> => {
        const dead = trx('member_import_leases').where('busy_until', '<', trx.raw('clock_timestamp()'))
        const leases = await dead.forUpdate().skipLocked().select('import_id')
        if (leases.length === 0) return 0
        await empty(trx)
        await trx('member_import_leases').where({ import_id: leases[0].import_id }).delete()
        return 1
      }),

    /** Notes persons of the file (`stagedLines`), within a transaction. */
    note: (lines: readonly string[]): Promise<void> => loadLines(db, 'member_import_rows', stagedColumns, lines),

    /**
     * Calls `visit` with the lines of all persons of the file's `persons` who are new, or not known to be unchanged, in their order.
     * @throws Error when the database has lost what was noted, which a crash of its server does
     */
    async findLinesToApply(persons: number, visit: (lines: number[]) => void): Promise<void> {
      const { rows: counted } = await db.raw('select count(*) as noted from member_import_rows where slot = 0')
      if (Number(counted[0].noted) !== persons) throw databaseRestarted()
      await db.raw('analyze member_import_rows')
      await db.transaction(async (trx) => {
        await trx.raw("set local work_mem = '64MB'")
        await trx.raw(
          `declare lines_to_apply no scroll cursor for select r.line from member_import_rows r
           where r.slot = 0 and not exists (select from (${knownUnchanged}) same where same.line = r.line)`,
        )
        for (;;) {
          const { rows } = await trx.raw(`fetch ${linesPerFetch} from lines_to_apply`)
          if (rows.length === 0) return
          visit(rows.map(({ line }: { line: number }) => line))
        }
      })
    },

    /**
     * Notes who is covered on a day and missing in the full file of `persons` persons, and counts them.
     * @throws Error when the database has lost what was noted, which a crash of its server does
     */
    async noteLeavers(day: CalendarDay, persons: number): Promise<LeaverCount> {
      const { rows } = await db.raw(
        `with covered as (
           select id, updated_at, insurance_number_hash from insured_persons
           where coverage_to is null or coverage_to >= :day::date
         ), missing as (
           insert into member_import_leavers (person_id, updated_at)
           select id, updated_at from covered c
           where not exists (select from member_import_rows r where r.insurance_number_hash = c.insurance_number_hash)
             and :persons = (select count(*) from member_import_rows where slot = 0)
           returning 1
         ) select (select count(*) from covered) as covered, (select count(*) from missing) as left,
             (select count(*) from member_import_rows where slot = 0) as noted`,
        { day, persons },
      )
      const { covered, left, noted } = rows[0]
      if (Number(noted) !== persons) throw databaseRestarted()
      return { covered: Number(covered), left: Number(left) }
    },

    /**
     * Ends the coverage of up to 500 of those who are missing, unless they have changed since; begins after the person `after`.
     * Gives their blind indexes under every key and the last person, null when nobody is left to end.
     */
    async endCoverage(
      after: string | null,
      day: { today: CalendarDay; lastDay: CalendarDay },
      now: Date,
    ): Promise<{ count: number; hashes: string[]; last: string } | null> {
      await holdLock(db, 'register')
      const leavers = await db('member_import_leavers')
        .where('person_id', '>', after ?? '00000000-0000-0000-0000-000000000000')
        .orderBy('person_id')
        .limit(leaversPerBatch)
        .pluck('person_id')
      if (leavers.length === 0) return null
      const { rows } = await db.raw<{ rows: { id: string; insurance_number: string }[] }>(
        `update insured_persons p set coverage_to = ?::date, updated_at = ?
         from member_import_leavers l where l.person_id = p.id and l.updated_at = p.updated_at and p.id = any(?::uuid[])
           and (p.coverage_to is null or p.coverage_to >= ?::date) returning p.id, p.insurance_number`,
        [day.lastDay, now, leavers, day.today],
      )
      // An account may be indexed under another key than the person while keys rotate.
      const numbers = rows.map((row) =>
        encryption.decrypt(row.insurance_number, placeOf('insured_persons', 'insurance_number', row)),
      )
      const hashes = numbers.flatMap((number) => insuranceNumberHashes(hash, number))
      return { count: rows.length, hashes, last: leavers.at(-1) }
    },
  }
}

async function empty(db: Database): Promise<void> {
  await db.raw('truncate member_import_rows, member_import_leavers')
}
