import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import { createAccountStore } from '../../../src/stores/accounts/accounts.ts'
import { createInvariantStore, invariants, momentOf } from '../../../src/stores/operation/invariants/index.ts'
import { emptyAuditLog } from '../../support/audit.ts'
import { defaultDeadlines } from '../../support/deadlines.ts'
import { newAccount } from '../../support/members.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const now = new Date('2026-11-24T12:00:00Z')
const moment = momentOf(
  now,
  { today: '2026-11-24', yesterday: '2026-11-23', forgottenBefore: '2026-08-25' },
  defaultDeadlines,
)
const [account, letter, run, other] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]

/** Statements that break one invariant in a database that is otherwise in order; `:account`, `:letter`, `:run` stand for ids. */
const plants: Record<string, string[]> = {
  'active accounts have a day and a security question': ["update accounts set state = 'active'"],
  'what comes after the activation was activated': [
    "update accounts set state = 'letter_posted', code_last_day = '2026-12-20', activated_at = null",
  ],
  'suspended accounts know why and what they were': ["update accounts set suspension_reason = 'staff'"],
  'one active account per insurance number': [
    'drop index accounts_one_active',
    "update accounts set active_since = now(), state = 'active', security_question = 'x', security_answer_hash = 'x'",
    `insert into accounts select (jsonb_populate_record(a, jsonb_build_object('id', :other::uuid, 'username', 'x'))).* from accounts a`,
  ],
  'who waits for a letter has one coming': ["update accounts set state = 'awaiting_letter', activated_at = now()"],
  'who may enter a code has an end of it': ["update accounts set state = 'letter_posted', activated_at = now()"],
  'registrations end when nobody activates them': ["update accounts set activation_last_day = '2026-11-22'"],
  'registrations end when nobody signs in': [
    "update accounts set state = 'letter_posted', activated_at = now(), code_last_day = '2026-08-20'",
  ],
  'each first sign-in stands in the audit log': [
    "insert into audit_events (at, type, actor, account_id, digest, position) values (now(), 'registration_created', 'member', :account, 'x', 1)",
    "update accounts set active_since = now(), state = 'active', security_question = 'x', security_answer_hash = 'x'",
  ],
  'journeys that ran out forget what was entered': [
    "insert into journeys (id, kind, state, expires_at) values ('x', 'signIn', 'sealed', '2026-11-24T10:00:00Z')",
  ],
  'one-time codes go after two days': [
    "insert into one_time_codes values (:other, 'signIn', 'x', 'x', 'DE', 3, '2026-11-20T10:00:00Z', '2026-11-20T10:05:00Z')",
  ],
  'no code is tried more often than allowed': [
    "insert into one_time_codes values (:other, 'signIn', 'x', 'x', 'DE', -1, '2026-11-24T10:00:00Z', '2026-11-24T10:05:00Z')",
  ],
  'plain codes live only until the run is posted': [
    "insert into unlock_letters (id, account_id, insurance_number_hash, requested_at, printable_from, state, code) values (:letter, :account, 'x', now(), now(), 'ended', 'sealed')",
  ],
  'posted letters have a day, an end and a code to compare with': [
    "insert into unlock_letters (id, account_id, insurance_number_hash, requested_at, printable_from, state, content) values (:letter, :account, 'x', now(), now(), 'posted', 'unlock_code')",
  ],
  'letters in preparation belong to a run that goes on': [
    "insert into unlock_letters (id, account_id, insurance_number_hash, requested_at, printable_from, state) values (:letter, :account, 'x', now(), now(), 'prepared')",
  ],
  'a code that was used made its account active': [
    "insert into unlock_letters (id, account_id, insurance_number_hash, requested_at, printable_from, state, consumed_at) values (:letter, :account, 'x', now(), now(), 'ended', now())",
  ],
  'letters of one number share the envelope of their run': [
    "insert into print_runs (id, state, posting_day, letter_count, prepared_at) values (:run, 'prepared', '2026-11-25', 2, now())",
    "insert into unlock_letters (id, insurance_number_hash, requested_at, printable_from, state, content, printed_at, print_run_id) select gen_random_uuid(), 'x', now(), now(), 'ended', 'unlock_code', '2026-11-20T12:00:00Z', :run from generate_series(1, 2)",
  ],
  'letters of one registration keep their limit': [
    "insert into unlock_letters (id, account_id, insurance_number_hash, requested_at, printable_from, state, content, printed_at) select gen_random_uuid(), :account, 'x', now(), now(), 'ended', 'unlock_code', '2026-11-20T12:00:00Z' from generate_series(1, 5)",
  ],
  'the print shop knows which runs are over': [
    "insert into print_runs (id, state, posting_day, letter_count, prepared_at, cancelled_at, withdrawal, withdrawal_fault) values (:run, 'cancelled', '2026-11-23', 0, now(), now(), 'cancelled', 'SftpFault EACCES')",
  ],
  'letters without a registration wait for nothing': [
    "insert into unlock_letters (id, insurance_number_hash, requested_at, printable_from, state) values (:letter, 'x', '2026-11-20', now(), 'requested')",
  ],
  'files of a run that is over are destroyed': [
    "insert into print_runs (id, state, posting_day, letter_count, prepared_at, posted_at, pdf) values (:run, 'posted', '2026-11-23', 0, now(), '2026-11-23T10:00:00Z', 'sealed')",
  ],
  'runs do not miss their day unnoticed': [
    "insert into print_runs (id, state, posting_day, letter_count, prepared_at) values (:run, 'released', '2026-11-10', 0, now())",
  ],
  'runs count what they hold': [
    "insert into print_runs (id, state, posting_day, letter_count, prepared_at, posted_at) values (:run, 'posted', '2026-11-23', 0, now(), '2026-11-23T10:00:00Z')",
    "insert into unlock_letters (id, account_id, insurance_number_hash, requested_at, printable_from, state, content, print_run_id) values (:letter, :account, 'x', now(), now(), 'ended', 'unlock_code', :run)",
  ],
  'messages are blanked once they are over': [
    "insert into messages (id, kind, payload, created_at, delivered_at) values (:other, 'email', 'sealed', :now, :now)",
  ],
  'messages that expired are blanked': [
    "insert into messages (id, kind, payload, created_at, expires_at) values (:other, 'sms', 'sealed', :now, '2026-11-24T10:00:00Z')",
  ],
  'messages do not wait for a day': [
    "insert into messages (id, kind, payload, created_at) values (:other, 'email', 'sealed', '2026-11-22')",
  ],
  'coverage does not end before it begins': [
    "insert into insured_persons (id, insurance_number_hash, insurance_number, insurer_number, given_name, family_name, birth_date, address, coverage_from, coverage_to, created_at, updated_at) values (:other, 'x', 'x', '108310400', 'x', 'x', 'x', 'x', '2026-01-01', '2025-01-01', now(), now())",
  ],
  'jobs succeed': ["insert into job_runs (name, started_at, failures) values ('clean-up', :now, 3)"],
  'audit events are sealed within minutes': [
    "insert into audit_events (at, type, actor, digest) values ('2026-11-24T10:00:00Z', 'signed_out', 'member', 'x')",
  ],
}

describeOnBoth('invariants', (database) => {
  const store = () => createInvariantStore(database())
  const broken = async () => {
    const results = []
    for (const invariant of invariants) results.push(await store().check(invariant, moment))
    return results.filter((result) => result.broken > 0)
  }

  beforeEach(async () => {
    await createAccountStore(database(), createProtection()).create(newAccount({ id: account, registeredAt: now }))
    return async () => {
      for (const table of ['unlock_letters', 'print_runs', 'accounts', 'journeys', 'one_time_codes'])
        await database()(table).delete()
      for (const table of ['messages', 'insured_persons', 'job_runs']) await database()(table).delete()
      await emptyAuditLog(database())
    }
  })

  it('hold in a database that is in order', async () => {
    expect(await broken()).toEqual([])
  })

  it.each(invariants.map(({ name }) => name))('%s', async (name) => {
    await database()
      .transaction(async (trx) => {
        for (const sql of plants[name] ?? []) await trx.raw(sql, { account, letter, run, other, now } as never)
        const results = []
        for (const invariant of invariants) results.push(await createInvariantStore(trx).check(invariant, moment))
        const names = results.filter((result) => result.broken > 0).map((result) => result.invariant.name)
        expect(names).toEqual([name])
        throw new Error('taken back')
      })
      .catch((error) => {
        if (error.message !== 'taken back') throw error
      })
  })
})
