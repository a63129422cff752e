import { letterPurposes, printedContents } from '../../../domain/letters/purposes.ts'
import type { Invariant } from './invariant.ts'

const listed = (words: readonly string[]) => words.map((word) => `'${word}'`).join(', ')
const codes = listed(printedContents(letterPurposes).flatMap(([kind, { form }]) => (form === 'codes' ? [kind] : [])))
const limited = listed(Object.entries(letterPurposes).flatMap(([purpose, rules]) => (rules.limited ? [purpose] : [])))

const bug = 'keep letter and run, and report a fault of the product'

/** Letters and print runs: one letter each, codes readable only while they are printed, runs that move. */
export const letterInvariants: readonly Invariant[] = [
  {
    name: 'plain codes live only until the run is posted',
    about: 'letter',
    meaning: 'an unlock code can be read although its letter is not being printed',
    broken: `select id from unlock_letters where code is not null and state <> 'prepared'`,
    mend: 'blank the column `code` of these rows at once, and report a fault of the product',
  },
  {
    name: 'posted letters have a day, an end and a code to compare with',
    about: 'letter',
    meaning: 'a letter is in the post, but what stands in it does not work',
    broken: `select id from unlock_letters where state = 'posted'
      and (posted_on is null or (content in (${codes}) and (last_day is null or code_hash is null)))`,
    mend: '`letters:reprint <letter id>` sends a new one',
  },
  {
    name: 'letters in preparation belong to a run that goes on',
    about: 'letter',
    meaning: 'a letter waits in a run that is over: nobody would print it',
    broken: `select l.id from unlock_letters l left join print_runs r on r.id = l.print_run_id
      where l.state = 'prepared' and (r.id is null or r.state = 'posted' and r.posted_at < :hourAgo
      or r.state = 'cancelled' and r.cancelled_at < :hourAgo)`,
    mend: '`letters:reprint <letter id>` sends a new one',
  },
  {
    name: 'a code that was used made its account active',
    about: 'letter',
    meaning: 'a code is used up, but its account never became active',
    broken: `select l.id from unlock_letters l join accounts a on a.id = l.account_id
      where l.consumed_at is not null and a.active_since is null`,
    mend: bug,
  },
  {
    name: 'letters of one number share the envelope of their run',
    about: 'letter',
    meaning: 'a run has several envelopes for one insurance number',
    broken: `select min(id::text) as id from unlock_letters
      where printed_at > :letterWindow and content <> 'none' and print_run_id is not null
      group by insurance_number_hash, print_run_id having count(distinct coalesce(envelope_id, id)) > 1`,
    mend: bug,
  },
  {
    name: 'letters of one registration keep their limit',
    about: 'letter',
    meaning: 'more letters were printed for one registration than allowed, or a letter was printed twice',
    broken: `select min(id::text) as id from unlock_letters
      where printed_at > :letterWindow and content <> 'none' and purpose in (${limited}) and account_id is not null
      group by account_id, purpose having count(*) > :letterCount`,
    mend: bug,
  },
  {
    name: 'the print shop knows which runs are over',
    about: 'print run',
    meaning: 'a run is called back or posted, but the print shop could not be told or did not let its files be deleted',
    broken: `select id from print_runs where withdrawal is not null
      and (withdrawal_fault is not null or coalesce(posted_at, cancelled_at) < :hourAgo)`,
    mend: 'tell the shop by phone which runs must not be posted and have their files deleted; `print-runs:list` names the fault',
  },
  {
    name: 'letters without a registration wait for nothing',
    about: 'letter',
    meaning: 'the registration of a waiting letter is gone',
    broken: `select id from unlock_letters where account_id is null and state = 'requested' and requested_at < :dayAgo`,
    mend: 'run `jobs:run clean-up`; when it comes again, read its line in the log',
  },
  {
    name: 'files of a run that is over are destroyed',
    about: 'print run',
    meaning: 'printed letters can still be read although their run is posted or cancelled',
    broken: `select id from print_runs r where state in ('posted', 'cancelled')
      and (pdf is not null or exists (select 1 from print_run_chunks c where c.run_id = r.id))
      and coalesce(posted_at, cancelled_at) < :hourAgo`,
    mend: 'see docs/operate/incidents/print-run-stuck.md; the chunks of these runs can be deleted',
  },
  {
    name: 'runs do not miss their day unnoticed',
    about: 'print run',
    meaning: 'the planned posting day has long passed and the run is neither posted nor cancelled',
    broken: `select id from print_runs where state in ('prepared', 'released') and posting_day < :yesterday::date - 5`,
    mend: 'ask the print shop; post the run with the day it names, or `print-runs:cancel` it. See docs/operate/incidents/print-run-stuck.md',
  },
  {
    name: 'runs count what they hold',
    about: 'print run',
    meaning: 'a run says another number of letters than it holds',
    broken: `select r.id from print_runs r where r.state = 'posted' and r.posted_at > :letterWindow and r.letter_count <
      (select count(distinct coalesce(l.envelope_id, l.id)) from unlock_letters l
      where l.print_run_id = r.id and l.content <> 'none' and l.account_id is not null)`,
    mend: bug,
  },
]
