import { insuranceNumberHashes } from '../../crypto/blind-index.ts'
import { hashToken } from '../../crypto/field-encryption.ts'
import type { Protection } from '../../crypto/protection.ts'
import { accountMoves, resumable, type SuspensionReason } from '../../domain/account-state.ts'
import type { CalendarDay } from '../../domain/calendar.ts'
import type { InsuredPerson } from '../../domain/register/eligibility.ts'
import { type Database, onceOnly } from '../database/database.ts'
import { writerOf } from '../database/writes.ts'
import { type LeftOut, openEach } from '../open-each.ts'
import { createInsuredPersonStore } from '../register/insured-persons.ts'
import { openPerson, personColumns, personDayColumns } from '../register/person-record.ts'
import { forgetTraces } from './account-ends.ts'
import {
  type Account,
  type AccountRow,
  accountColumns,
  type NewAccount,
  readAccount,
  writeAccount,
} from './account-record.ts'

export type { Account, NewAccount } from './account-record.ts'

/** Columns of a table under its alias. */
const namesOf = (alias: string, columns: readonly string[]) => columns.map((column) => `${alias}.${column}`).join(', ')

/** The id that no account has. */
const nobody = '00000000-0000-4000-8000-000000000000'

/** Creates the store of accounts: every change of state is one guarded statement. */
export function createAccountStore(db: Database, protection: Protection) {
  const { hash } = protection
  const toAccount = (row: AccountRow | undefined): Account | null => (row ? readAccount(row, protection) : null)
  const readRow = (row: AccountRow) => readAccount(row, protection)
  const accounts = () => db('accounts')
  /** The accounts that a move may start from, as the domain's table has it. */
  const before = (move: keyof typeof accountMoves) => accounts().whereIn('state', accountMoves[move].from)
  const write = writerOf(db)
  const forgotten = async (rows: { id: string }[]): Promise<string[]> => {
    const ids = rows.map(({ id }) => id)
    await forgetTraces(db, ids)
    return ids
  }
  const signedIn = (authTime: number) => ({
    last_auth_time: db.raw('greatest(last_auth_time, ?::bigint)', [authTime]),
  })
  /**
   * Ends every sign-in so far: the next one is later than the last one that was recorded, whichever machine's clock runs
   * ahead, and later than this second.
   */
  const endSignIns = () => ({
    sign_ins_from: db.raw(
      'greatest(sign_ins_from, last_auth_time + 1, floor(extract(epoch from clock_timestamp()))::bigint + 1)',
    ),
  })
  return {
    /** Creates a registration that waits for its activation link; `false` when the user name has been taken meanwhile. */
    async create(account: NewAccount): Promise<boolean> {
      const rows = await accounts()
        .insert(writeAccount(account, protection))
        .onConflict('username')
        .ignore()
        .returning('id')
      return rows.length === 1
    },
    find: async (id: string) => toAccount(await accounts().where({ id }).first(accountColumns)),
    findMany: async (ids: readonly string[], leftOut?: LeftOut) =>
      openEach(await accounts().whereIn('id', ids), readRow, leftOut),
    /**
     * The account of a user name, and whether it knows the browser: one statement that takes the same work for every name.
     * `browser` is the random id in the browser's signed cookie.
     */
    async findSender(username: string, browser: string): Promise<{ account: Account | null; browserKnown: boolean }> {
      const { rows } = await db.raw(
        `select ${namesOf('a', accountColumns)}, exists (
           select 1 from known_browsers b where b.account_id = coalesce(a.id, ?::uuid) and b.browser_hash = ?
         ) as browser_known
         from (select ?::text as username) asked left join accounts a on a.username = asked.username`,
        [nobody, hashToken(browser), username],
      )
      const [row] = rows
      return { account: row.id === null ? null : readRow(row), browserKnown: row.browser_known }
    },
    /** An account and its person in the register, who may have come there under an older key. */
    async findWithPerson(id: string): Promise<{ account: Account; person: InsuredPerson | null } | null> {
      const { rows } = await db.raw(
        `select ${namesOf('a', accountColumns)}, to_jsonb(p) as person
         from accounts a left join lateral (
           select ${namesOf('i', [...personColumns, ...personDayColumns])}
           from insured_persons i where i.insurance_number_hash = a.insurance_number_hash
         ) p on true where a.id = ?`,
        [id],
      )
      const [row] = rows
      if (!row) return null
      const account = readRow(row)
      if (row.person) return { account, person: openPerson(protection, row.person) }
      const olderKeys = account.insuranceNumberHashes.length > 1
      const persons = createInsuredPersonStore(db, protection)
      return { account, person: olderKeys ? await persons.findByInsuranceNumber(account.insuranceNumber) : null }
    },
    usernameTaken: async (username: string) =>
      (await accounts().where({ username }).first(db.raw('1 as taken'))) !== undefined,
    /** The account of this number that has been signed in to before and has not ended. */
    findActiveByNumber: async (insuranceNumber: string) =>
      toAccount(
        await accounts()
          .whereIn('insurance_number_hash', insuranceNumberHashes(hash, insuranceNumber))
          .whereNotNull('active_since')
          .whereNot({ state: 'ended' })
          .first(),
      ),
    /** Those of these number hashes whose account has been signed in to before and has not ended. */
    activeHashes: async (hashes: readonly string[]): Promise<Set<string>> =>
      new Set(
        await accounts()
          .whereIn('insurance_number_hash', hashes)
          .whereNotNull('active_since')
          .whereNot({ state: 'ended' })
          .pluck('insurance_number_hash'),
      ),
    async activateRegistration(id: string, now: Date): Promise<boolean> {
      return (
        (await before('activateRegistration')
          .where({ id })
          .update({
            ...{ state: accountMoves.activateRegistration.to, activated_at: now, state_changed_at: now },
            // The link arrived: whatever came back before, the address works.
            ...{ email_bounced_at: null, email_bounce: null, email_bounce_told_at: null },
          })) === 1
      )
    },
    /** Letters of these accounts were posted; their codes live to the end of `lastDay`. Answers the accounts that waited. */
    async markLettersPosted(
      ids: readonly string[],
      lastDay: CalendarDay,
      now: Date,
      leftOut?: LeftOut,
    ): Promise<Account[]> {
      const rows = await before('markLettersPosted')
        .whereIn('id', ids)
        .update({ state: accountMoves.markLettersPosted.to, code_last_day: lastDay, state_changed_at: now })
        .returning('*')
      return openEach(rows, readRow, leftOut)
    },
    /** The same for one account; `false` when it does not wait for a letter. */
    async markLetterPosted(id: string, lastDay: CalendarDay, now: Date): Promise<boolean> {
      return (await this.markLettersPosted([id], lastDay, now)).length === 1
    },
    /** The first sign-in is complete. `false` when the account is not waiting for it, or another one of the number came first. */
    async makeActive(
      id: string,
      answer: { question: string; answerHash: string },
      now: Date,
      authTime = 0,
    ): Promise<boolean> {
      return (
        (await before('makeActive')
          .where({ id })
          .update({
            state: accountMoves.makeActive.to,
            active_since: now,
            security_question: answer.question,
            security_answer_hash: answer.answerHash,
            last_sign_in_at: now,
            state_changed_at: now,
            ...signedIn(authTime),
          })) === 1
      )
    },
    /** `authTime`: seconds since the epoch, real time. `false` when the account is not active any more. */
    async recordSignIn(id: string, now: Date, authTime: number): Promise<boolean> {
      const active = accounts().where({ id, state: 'active' })
      return (await write(active.update({ last_sign_in_at: now, ...signedIn(authTime) }).returning('id'))).length === 1
    },
    updatePasswordHash: (id: string, from: string, to: string) =>
      accounts().where({ id, password_hash: from }).update({ password_hash: to }),
    async suspend(id: string, reason: SuspensionReason, now: Date): Promise<boolean> {
      return (
        (await before('suspend')
          .where({ id })
          .update({
            state: accountMoves.suspend.to,
            state_before_suspension: db.ref('state'),
            suspension_reason: reason,
            state_changed_at: now,
            ...endSignIns(),
          })) === 1
      )
    },
    async resume(id: string, reason: SuspensionReason, now: Date): Promise<boolean> {
      return (
        (await accounts()
          .where({ id, state: resumable.from, suspension_reason: reason })
          .whereIn('state_before_suspension', resumable.to)
          .update({
            state: db.ref('state_before_suspension'),
            state_before_suspension: null,
            suspension_reason: null,
            state_changed_at: now,
            ...endSignIns(),
          })) === 1
      )
    },
    async end(id: string, now: Date): Promise<boolean> {
      return (
        (await before('end')
          .where({ id })
          .whereNotNull('active_since')
          .update({ state: accountMoves.end.to, state_changed_at: now, ...endSignIns() })) === 1
      )
    },
    /** Re-entry: an account that ended with its coverage is open again, unless the number has another active one. */
    async reopen(id: string, insuranceNumber: string, now: Date): Promise<boolean> {
      // Under every key of the ring: while keys rotate the other account may hold the number under another one.
      const others = db('accounts as other')
        .whereIn('other.insurance_number_hash', insuranceNumberHashes(hash, insuranceNumber))
        .whereRaw('other.id <> accounts.id')
        .whereNotNull('other.active_since')
        .whereNot('other.state', 'ended')
      return (
        (await before('reopen')
          .where({ id })
          .whereNotExists(others)
          .update({ state: accountMoves.reopen.to, state_changed_at: now, ...endSignIns() })) === 1
      )
    },
    /** Accounts with one of these number hashes that have been active, for the rules of an import. */
    findAllByNumberHashes: async (hashes: string[], leftOut?: LeftOut) =>
      openEach(await accounts().whereIn('insurance_number_hash', hashes), readRow, leftOut),
    /** Deletes the other registrations of a number; the account that became active stays. */
    async deleteOtherRegistrations(keepId: string, insuranceNumber: string): Promise<string[]> {
      const rows = await before('deleteOtherRegistrations')
        .whereIn('insurance_number_hash', insuranceNumberHashes(hash, insuranceNumber))
        .whereNot({ id: keepId })
        .whereNull('active_since')
        .delete('id')
      return await forgotten(rows)
    },
    /** Deletes registrations whose activation link ended before `today`; safe to run twice and in parallel. */
    async deleteNotActivated(today: CalendarDay, limit: number): Promise<string[]> {
      const due = before('deleteNotActivated')
        .where('activation_last_day', '<', today)
        .orderBy('activation_last_day')
        .limit(limit)
        .forUpdate()
        .skipLocked()
        .select('id')
      return await forgotten(await before('deleteNotActivated').where(onceOnly(db, due)).delete('id'))
    },
    /** Deletes registrations that were never signed in to and whose last code ended before `codeEndedBefore`. */
    async deleteNeverSignedIn(codeEndedBefore: CalendarDay, limit: number): Promise<string[]> {
      const letterUnderWay = db('unlock_letters')
        .whereRaw('unlock_letters.account_id = accounts.id')
        .whereIn('unlock_letters.state', ['requested', 'prepared'])
      const due = before('deleteNeverSignedIn')
        .whereNull('active_since')
        .where('code_last_day', '<', codeEndedBefore)
        .whereNotExists(letterUnderWay)
        .orderBy('code_last_day')
        .limit(limit)
        .forUpdate()
        .skipLocked()
        .select('id')
      return await forgotten(
        await before('deleteNeverSignedIn').where(onceOnly(db, due)).whereNull('active_since').delete('id'),
      )
    },
    /**
     * Claims the accounts to which the reminder of this number is due, counted from 1: registered before the instant, not reminded so
     * often. Answers their ids.
     */
    async claimActivationReminders(number: number, registeredBefore: Date, limit: number): Promise<string[]> {
      const due = accounts()
        .where({ state: 'pending_activation' })
        .where('activation_reminders', '<', number)
        .where('registered_at', '<', registeredBefore)
        .limit(limit)
        .forUpdate()
        .skipLocked()
        .select('id')
      const rows = await accounts()
        .where(onceOnly(db, due))
        .where('activation_reminders', '<', number)
        .update({ activation_reminders: number })
        .returning('id')
      return rows.map((row) => row.id)
    },
  }
}
