import type { Invariant } from './invariant.ts'

const cleanUp = 'run `jobs:run expired-messages`; when it comes again, read its line in the log'

/** Messages, register, jobs and audit log. */
export const operationInvariants: readonly Invariant[] = [
  {
    name: 'messages are blanked once they are over',
    about: 'message',
    meaning: 'the text of a message can still be read although it was delivered or given up',
    broken: 'select id from messages where (delivered_at is not null or failed_at is not null) and payload is not null',
    mend: cleanUp,
  },
  {
    name: 'messages that expired are blanked',
    about: 'message',
    meaning: 'a message that must not be sent any more is kept readable',
    broken: 'select id from messages where payload is not null and expires_at < :hourAgo',
    mend: cleanUp,
  },
  {
    name: 'messages do not wait for a day',
    about: 'message',
    meaning: 'an e-mail has not left for a day',
    broken: 'select id from messages where delivered_at is null and failed_at is null and created_at < :dayAgo',
    mend: 'look whether a worker runs and the relay answers; see docs/operate/deliveries.md',
    warning: true,
  },
  {
    name: 'coverage does not end before it begins',
    about: 'person',
    meaning: 'a person of the register has an impossible time of coverage',
    broken: `select id from insured_persons where coverage_to < coverage_from - 1`,
    mend: 'have the record mended in the core system and import it again',
  },
  {
    name: 'jobs succeed',
    about: 'job',
    meaning: 'a job fails again and again, or has not succeeded for two days',
    broken: `select name as id from job_runs where failures >= 3 or covered_until < :dayAgo::timestamptz - interval '1 day'`,
    mend: 'read the lines of the job in the log; `jobs:run <name>` tries it at once',
    warning: true,
  },
  {
    name: 'audit events are sealed within minutes',
    about: 'audit event',
    meaning: 'events wait for their place in the chain: until then somebody could remove them unseen',
    broken: 'select id from audit_events where position is null and at < :hourAgo order by id limit 100',
    mend: 'look whether a worker runs; `audit:seal` seals at once',
    warning: true,
  },
]
