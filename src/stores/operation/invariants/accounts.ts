import type { Invariant } from './invariant.ts'

const restart = 'run `jobs:run <name>` for the job named; when it comes again, read its line in the log'
const bug = 'keep the row and the audit events of the account, and report a fault of the product'

/** Accounts: each state has what belongs to it, and nobody waits for what will not come. */
export const accountInvariants: readonly Invariant[] = [
  {
    name: 'active accounts have a day and a security question',
    about: 'account',
    meaning: 'an account is active without its first sign-in being complete',
    broken: `select id from accounts where state = 'active'
      and (active_since is null or security_question is null or security_answer_hash is null)`,
    mend: bug,
  },
  {
    name: 'what comes after the activation was activated',
    about: 'account',
    meaning: 'a registration waits for a letter or a code, but nobody used its activation link',
    broken: `select id from accounts where state in ('awaiting_letter', 'letter_posted') and activated_at is null`,
    mend: bug,
  },
  {
    name: 'suspended accounts know why and what they were',
    about: 'account',
    meaning: 'an account is suspended without reason or way back, or has them without being suspended',
    broken: `select id from accounts where (state = 'suspended') <> (suspension_reason is not null)
      or (state = 'suspended') <> (state_before_suspension is not null)`,
    mend: bug,
  },
  {
    name: 'one active account per insurance number',
    about: 'account',
    meaning: 'two accounts of one person are active',
    broken: `select min(id::text) as id from accounts where active_since is not null and state <> 'ended'
      group by insurance_number_hash having count(*) > 1`,
    mend: 'suspend the one that the member does not use, and report a fault of the product',
  },
  {
    name: 'who waits for a letter has one coming',
    about: 'account',
    meaning: 'a registration waits for a letter that nobody will print',
    broken: `select id from accounts a where state = 'awaiting_letter' and not exists (
      select 1 from unlock_letters l where l.account_id = a.id
      and (l.state in ('requested', 'prepared') or (l.state = 'posted' and l.untold)))`,
    mend: '`letters:reprint` with the last letter of the account puts a new one into the next run',
  },
  {
    name: 'who may enter a code has an end of it',
    about: 'account',
    meaning: 'a letter was posted, but the last day of its code is not known',
    broken: `select id from accounts where state = 'letter_posted' and code_last_day is null`,
    mend: bug,
  },
  {
    name: 'registrations end when nobody activates them',
    about: 'account',
    meaning: 'a registration and its personal data are kept beyond the four weeks',
    broken: `select id from accounts where state = 'pending_activation' and activation_last_day < :yesterday`,
    mend: restart.replace('<name>', 'not-activated'),
  },
  {
    name: 'registrations end when nobody signs in',
    about: 'account',
    meaning: 'a registration that was never signed in to is kept longer than its time',
    broken: `select id from accounts a where active_since is null and code_last_day < :forgottenBefore
      and state in ('letter_posted', 'suspended') and not exists (
      select 1 from unlock_letters l where l.account_id = a.id and l.state in ('requested', 'prepared'))`,
    mend: restart.replace('<name>', 'never-signed-in'),
  },
  {
    name: 'each first sign-in stands in the audit log',
    about: 'account',
    meaning: 'an account became active, but the audit log does not know of it',
    broken: `select a.id from accounts a where a.active_since is not null
      and exists (select 1 from audit_events e where e.account_id = a.id and e.type = 'registration_created')
      and not exists (select 1 from audit_events e where e.account_id = a.id and e.type = 'account_activated')`,
    mend: bug,
  },
  {
    name: 'journeys that ran out forget what was entered',
    about: 'journey',
    meaning: 'what somebody entered is kept although the journey has ended',
    broken: `select left(id, 8) as id from journeys where state is not null
      and (ended_at < :hourAgo or expires_at < :hourAgo)`,
    mend: restart.replace('<name>', 'clean-up'),
  },
  {
    name: 'one-time codes go after two days',
    about: 'code',
    meaning: 'mTANs are kept longer than anybody needs them',
    broken: `select id from one_time_codes where issued_at < :dayAgo::timestamptz - interval '2 days'`,
    mend: restart.replace('<name>', 'clean-up'),
  },
  {
    name: 'no code is tried more often than allowed',
    about: 'code',
    meaning: 'the count of tries of an mTAN went below zero',
    broken: 'select id from one_time_codes where tries_left < 0',
    mend: bug,
  },
]
