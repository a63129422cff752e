import { insuranceNumberHashes } from '../../crypto/blind-index.ts'
import type { Protection } from '../../crypto/protection.ts'
import { accountMoves, resumable, type SuspensionReason } from '../../domain/account-state.ts'
import type { CalendarDay } from '../../domain/calendar.ts'
import type { Database } from '../database/database.ts'
import { writerOf } from '../database/writes.ts'
import { type LeftOut, openEach } from '../open-each.ts'
import { createAccountLookUps } from './account-look-ups.ts'
import { type Account, type AccountRow, type NewAccount, readAccount, writeAccount } from './account-record.ts'
import { createRegistrationEnds } from './registration-ends.ts'

export type { Account, NewAccount } from './account-record.ts'

/** Creates the store of accounts: every change of state is one guarded statement. */
export function createAccountStore(db: Database, protection: Protection) {
  const { hash } = protection
  const readRow = (row: AccountRow) => readAccount(row, protection)
  const accounts = () => db('accounts')
  /** The accounts that a move may start from, as the domain's table has it. */
  const before = (move: keyof typeof accountMoves) => accounts().whereIn('state', accountMoves[move].from)
  const write = writerOf(db)
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
    ...createAccountLookUps(db, protection),
    ...createRegistrationEnds(db, protection),
    /** Creates a registration that waits for its activation link; `false` when the user name has been taken meanwhile. */
    async create(account: NewAccount): Promise<boolean> {
      const rows = await accounts()
        .insert(writeAccount(account, protection))
        .onConflict('username')
        .ignore()
        .returning('id')
      return rows.length === 1
    },
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
    /** Ends every sign-in so far: sessions, codes and tokens are dead at once. `false` when nobody can be signed in. */
    signOutEverywhere: async (id: string): Promise<boolean> =>
      (await accounts().where({ id, state: 'active' }).update(endSignIns())) === 1,
    /** Ends an account. One that staff ended stays so, whatever the register says. */
    async end(id: string, now: Date, by: 'coverage' | 'staff' = 'coverage'): Promise<boolean> {
      return (
        (await before('end')
          .where({ id })
          .whereNotNull('active_since')
          .update({
            ...{ state: accountMoves.end.to, state_changed_at: now },
            ...{ state_before_suspension: null, suspension_reason: null },
            ...{ end_reason: by === 'staff' ? by : null, ...endSignIns() },
          })) === 1
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
          .where({ id, end_reason: null })
          .whereNotExists(others)
          .update({ state: accountMoves.reopen.to, state_changed_at: now, ...endSignIns() })) === 1
      )
    },
  }
}
