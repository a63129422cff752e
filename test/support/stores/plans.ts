import type pg from 'pg'
import { addDays, berlinDay } from '../../../src/domain/calendar.ts'
import type { AuditFilter } from '../../../src/stores/audit/audit-look-ups.ts'
import type { Database } from '../../../src/stores/database/database.ts'
import { createStores, type Stores } from '../../../src/stores/index.ts'
import { createOidcArtefactStore } from '../../../src/stores/sign-in/oidc-artefacts.ts'
import { createProtection } from './protection.ts'

/** A statement that must stay cheap at any size. `indexes`: what it reads by; the names stand in its plan. */
export type WatchedQuery = { job: string; query: string; indexes: string[]; run(stores: Stores, db: Database): unknown }

/** A node of PostgreSQL's `explain (format json)`, as far as it is read here. */
export type PlanNode = {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows'?: number
  'Actual Loops'?: number
  Plans?: PlanNode[]
}
export type Explained = { Plan: PlanNode; 'Execution Time'?: number }

const now = new Date()
const today = berlinDay(now)
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000)
const someAccount = '00000000-0000-4000-8000-0000000003e7'
/** Such as `fillTables` makes that wait. */
const someLetters = Array.from({ length: 200 }, (_, n) => {
  const number = (n + 1) * 1000 + 8
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
})

/** Every statement of the jobs that searches a table, and what a sign-in or a page of it searches beside primary keys. */
export const watchedQueries: WatchedQuery[] = [
  watch('activation-reminders', 'claimActivationReminders', ['accounts_to_remind'], ({ accounts }) =>
    accounts.claimActivationReminders(1, hoursAgo(24 * 7), 200),
  ),
  watch('not-activated', 'deleteNotActivated', ['accounts_state_activation_last_day_index'], ({ accounts }) =>
    accounts.deleteNotActivated(today, 200),
  ),
  watch('code-reminders', 'claimReminders', ['unlock_letters_to_remind'], ({ letters }) =>
    letters.claimReminders(addDays(today, 10), today, now, 200),
  ),
  watch('never-signed-in', 'deleteNeverSignedIn', ['accounts_never_signed_in'], ({ accounts }) =>
    accounts.deleteNeverSignedIn(addDays(today, -90), 200),
  ),
  watch('clean-up', 'blankExpired', ['journeys_to_blank'], ({ journeys }) => journeys.blankExpired(now)),
  watch('clean-up', 'journeys', ['journeys_expires_at_index'], (stores) =>
    stores.journeys.deleteExpiredBefore(hoursAgo(20)),
  ),
  watch('clean-up', 'one_time_codes', ['one_time_codes_issued_at'], ({ codes }) =>
    codes.deleteIssuedBefore(hoursAgo(48)),
  ),
  watch('clean-up', 'rate_limits', ['rate_limits_expire'], (stores) => stores.rateLimits.deleteEnded(now.getTime())),
  watch('clean-up', 'browser_links', ['browser_links_expires_at'], ({ browsers }) => browsers.deleteExpiredLinks(now)),
  watch('clean-up', 'messages', ['messages_created_at_index'], (stores) =>
    stores.messages.deleteCreatedBefore(hoursAgo(24 * 30)),
  ),
  watch('clean-up', 'unlock_letters', ['unlock_letters_orphaned'], ({ letters }) =>
    letters.deleteOrphans(hoursAgo(24 * 31)),
  ),
  watch('clean-up', 'activation_links', ['activation_links_last_day'], (stores) =>
    stores.activationLinks.deleteEndedBefore(addDays(today, -365)),
  ),
  watch('oidc-clean-up', 'deleteExpired', ['oidc_artefacts_expires_at_index'], (_stores, db) =>
    createOidcArtefactStore(db).deleteExpired(5000),
  ),
  watch('coverage', 'next', ['insured_persons_insurance_number_hash_unique', 'accounts_pkey'], (stores) =>
    stores.coverageCandidates.next(addDays(today, -90), someAccount, 5000),
  ),
  watch('daily-statistics', 'count', ['audit_events_pkey'], ({ dailyStatistics }) =>
    dailyStatistics.count(today, hoursAgo(24), now),
  ),
  watch('deliveries', 'claim', ['messages_due'], ({ messageClaims }) => messageClaims.claim(['sms'], 20, 40, now)),
  watch('expired-messages', 'expire', ['messages_due'], ({ messageClaims }) =>
    messageClaims.expire(now, hoursAgo(72), 200),
  ),
  watch('audit-seal', 'seal', ['audit_events_position_unique', 'audit_events_unsealed'], ({ auditEvents }) =>
    auditEvents.seal(10_000),
  ),
  watch('audit-retention', 'emptyBodies', ['audit_events_pkey'], ({ auditEvents }) =>
    auditEvents.emptyBodies({ name: 'signIn', types: ['sign_in_succeeded'], before: hoursAgo(24 * 365) }, 5000),
  ),
  watch('print run', 'countPrintable', ['unlock_letters_state_last_day_index'], ({ runLetters }) =>
    runLetters.countPrintable(now),
  ),
  watch('print run', 'findPrintable', ['unlock_letters_state_last_day_index'], ({ runLetters }) =>
    runLetters.findPrintable(now, 200),
  ),
  watch('print run', 'claim', ['unlock_letters_pkey'], ({ runLetters }) =>
    runLetters.claim('00000000-0000-4000-8000-000000000001', now, someLetters),
  ),
  watch('letter limits', 'printTimes', ['unlock_letters_account_id_index'], (stores) =>
    stores.letters.printTimes(someAccount, hoursAgo(24 * 30)),
  ),
  watch('letter limits', 'countEnvelopes', ['unlock_letters_insurance_number_hash_printed_at_index'], (stores) =>
    stores.runLetters.countEnvelopes(['made-up.c4ca4238a0b923820dcc509a6f75849b'], hoursAgo(24 * 30)),
  ),
  watch('returned mail', 'findInEnvelope', ['unlock_letters_envelope'], ({ letters }) =>
    letters.findInEnvelope(someAccount),
  ),
  watch('returned mail', 'findEnvelopesBetween', ['unlock_letters_envelope'], ({ letters }) =>
    letters.findEnvelopesBetween({ first: someAccount, last: someAccount }),
  ),
  watch('sign-in', 'findActiveByNumber', ['accounts_one_active'], ({ accounts }) =>
    accounts.findActiveByNumber('A123456780'),
  ),
  watch('sign-in', 'findUsable', ['unlock_letters_account_id_index'], ({ letters }) =>
    letters.findUsable(someAccount, today),
  ),
  watch('mTAN breaker', 'share', ['one_time_codes_purpose_country_issued_at_index'], ({ codes }) =>
    codes.share('registration', 'DE', hoursAgo(1)),
  ),
  watch('own log', 'findForAccount', ['audit_events_of_account'], ({ auditEvents }) =>
    auditEvents.findForAccount(someAccount),
  ),
  look('newest', 'audit_events_at', {}),
  look('staff', 'audit_events_of_actor_kind', { actor: 'staff' }),
  look('one operator', 'audit_events_of_actor', { actor: 'cli:k.weber' }),
  look('type', 'audit_events_of_type', { types: ['client_back'] }),
  look('client', 'audit_events_of_client', { clientId: 'rare' }),
  look('reference', 'audit_events_of_reference', { reference: someAccount }),
  look('account', 'audit_events_of_account_by_time', { accountId: someAccount }),
]

/** A page of the audit log, by one of its filters. */
function look(query: string, index: string, filter: AuditFilter): WatchedQuery {
  const older = { at: now, id: '1000000000' }
  return watch('audit look-up', query, [index], ({ auditLookUps }) => auditLookUps.page(filter, { older, limit: 51 }))
}

function watch(job: string, query: string, indexes: string[], run: WatchedQuery['run']): WatchedQuery {
  return { job, query, indexes, run }
}

/**
 * Tells how PostgreSQL would run (`analyze`: runs) each statement of a watched query, with the values that the store gives
 * it; nothing stays changed. `settings`: of the planner, for this one time.
 */
export async function explain(
  db: Database,
  { run }: WatchedQuery,
  { analyze = false, settings = [] as string[] } = {},
): Promise<Explained[]> {
  const statements = await capture(db, run)
  const connection: pg.Client = await db.client.acquireConnection()
  const plans: Explained[] = []
  try {
    await connection.query('begin')
    for (const setting of settings) await connection.query(`set local ${setting} = off`)
    for (const { sql, bindings } of statements) {
      const options = analyze ? 'analyze, buffers, format json' : 'format json'
      const { rows } = await connection.query(`explain (${options}) ${sql}`, bindings)
      plans.push(rows[0]['QUERY PLAN'][0])
    }
    return plans
  } finally {
    await connection.query('rollback')
    await db.client.releaseConnection(connection)
  }
}

/** What the store asks that searches a table. It may fail on rows that hold no real secrets; the statement is known by then. */
async function capture(db: Database, run: WatchedQuery['run']): Promise<{ sql: string; bindings: unknown[] }[]> {
  const statements: { sql: string; bindings: unknown[] }[] = []
  const transaction = await db.transaction()
  transaction.on('query', (query: { sql: string; bindings: unknown[] }) => {
    if (/\b(from|update) /i.test(query.sql)) statements.push(query)
  })
  try {
    await run(createStores(transaction, createProtection()), transaction)
  } catch {
    // A row that was made up cannot be decrypted.
  } finally {
    await transaction.rollback().catch(() => {})
  }
  return statements
}

/** Lists a plan and everything below it. */
export const nodesOf = (plan: PlanNode): PlanNode[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
