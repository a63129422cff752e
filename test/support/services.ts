import { pino } from 'pino'
import { createAuditTrail } from '../../src/audit/events.ts'
import type { Protection } from '../../src/crypto/protection.ts'
import { createRandom } from '../../src/crypto/random.ts'
import { type LetterPurposes, letterPurposes } from '../../src/domain/letters/purposes.ts'
import type { InsuredPerson } from '../../src/domain/register/eligibility.ts'
import type {
  PrintedEnvelope,
  PrintFile,
  PrintJob,
  ReceivedReceipt,
} from '../../src/gateways/letters/letter-delivery.ts'
import type { Envelope, LetterContent } from '../../src/gateways/letters/letter-pdf.ts'
import { createDeadlineTasks } from '../../src/services/accounts/deadlines.ts'
import { createStandingService } from '../../src/services/accounts/standing.ts'
import { createLetterService } from '../../src/services/letters/letters.ts'
import type { PrintDesk } from '../../src/services/letters/print-run/settings.ts'
import { createPrintRunService } from '../../src/services/letters/print-runs.ts'
import { createMailService, type MailPayload } from '../../src/services/messages/mails.ts'
import type { Alert } from '../../src/services/operation/alerts.ts'
import type { Account, NewAccount } from '../../src/stores/accounts/accounts.ts'
import type { Database } from '../../src/stores/database/database.ts'
import { createStores } from '../../src/stores/index.ts'
import { createTransaction } from '../../src/stores/transaction.ts'
import { emptyAuditLog } from './audit.ts'
import { createStandingClock } from './clock.ts'
import { defaultDeadlines } from './deadlines.ts'
import { newAccount } from './members.ts'
import { createProtection } from './stores/protection.ts'

/** Monday to Friday until 14:00 in Berlin, posted on the next working day in Bavaria. */
const printRules = {
  cutOff: '14:00',
  postingWeekdays: ['mon', 'tue', 'wed', 'thu', 'fri'],
  productionDays: 1,
  holidays: 'BY',
  closedDays: ['12-24', '12-31'],
  receiptGraceDays: 1,
  deliveryAlertAfter: 3,
} as const

const tables = [
  'returned_letters',
  'unlock_letters',
  'print_runs',
  'activation_links',
  'accounts',
  'insured_persons',
  'messages',
]

/** A run as it arrived; the files were read while it was handed over, as a shop reads them. */
type ReceivedJob = Omit<PrintJob, 'envelopes' | 'files'> & {
  envelopes: PrintedEnvelope[]
  letters: LetterContent[]
  files: (Omit<PrintFile, 'open'> & { text: string })[]
}

/** The services around a registration over a real database, with a clock that the test moves and doubles for PDF and print shop. */
export function createServiceWorld(
  db: Database,
  start = '2026-11-24T09:00:00Z',
  protection: Protection = createProtection(),
  purposes: LetterPurposes = letterPurposes,
) {
  const clock = createStandingClock(start)
  const stores = createStores(db, protection)
  const transaction = createTransaction({
    knex: db,
    protection,
    createAudit: (unit) => createAuditTrail(unit.auditEvents.append),
    committed: () => {},
  })
  const random = createRandom()
  const deadlines = defaultDeadlines
  const issuer = 'https://anmeldung.example.org'
  const mails = createMailService({ random, issuer })
  const letters = createLetterService({ deadlines, purposes })
  /** What reached the print shop, and faults that the test plants. */
  const shop = {
    jobs: [] as ReceivedJob[],
    printed: [] as LetterContent[][],
    receipts: [] as ReceivedReceipt[],
    settled: [] as string[],
    withdrawn: [] as string[],
    fault: null as null | 'pdf' | 'delivery',
  }
  const alerts: Alert[] = []
  const rules = { ...printRules, runSize: 10_000, envelope: { codes: 60, codesOfRepeatedNumbers: 12 } }
  /** The print desk; `changes` for a second one beside it. */
  const createDesk = (changes: Partial<PrintDesk> = {}): PrintDesk => ({
    reportUnprintable() {},
    reportUnreadable() {},
    reportNotHandedOver() {},
    ...{
      stores,
      transaction,
      clock,
      random,
      hash: protection.hash,
      deadlines,
      purposes,
      issuer,
      mails,
      minimumAge: 15,
    },
    ...{ rules, fourEyes: false },
    alerts: {
      async raise(_unit, alert) {
        alerts.push(alert)
        return true
      },
    },
    async drawRun(batches, sink) {
      const printed: Envelope[] = []
      for await (const envelopes of batches) printed.push(...envelopes)
      if (shop.fault === 'pdf') throw new Error('process died')
      shop.printed.push(printed.flatMap(({ letters }) => letters))
      for (const [index, { id, letters }] of printed.entries())
        sink.onLetter({ sequence: index + 1, id, kind: letters[0]?.kind ?? 'unlock_code', sheets: letters.length })
      if (printed.length > 0) await sink.write(new TextEncoder().encode(`%PDF ${printed.length}`))
    },
    delivery: {
      async withdraw(runId, why) {
        shop.withdrawn.push(`${runId} ${why}`)
      },
      receipts: async () => shop.receipts,
      async settle(name, outcome) {
        shop.receipts = shop.receipts.filter((receipt) => receipt.name !== name)
        shop.settled.push(outcome)
      },
      async deliver(job) {
        if (shop.fault === 'delivery') throw Object.assign(new Error('print shop is away'), { code: 'ECONNREFUSED' })
        const envelopes: PrintedEnvelope[] = []
        for await (const envelope of job.envelopes()) envelopes.push(envelope)
        const letters = envelopes.flatMap((envelope) => envelope.letters)
        const files: ReceivedJob['files'] = []
        for (const { open, ...file } of job.files) {
          let text = ''
          for await (const chunk of open()) text += Buffer.from(chunk).toString()
          files.push({ ...file, text })
        }
        shop.jobs.push({ ...job, envelopes, letters, files })
      },
    },
    ...changes,
  })
  const printRuns = createPrintRunService(createDesk())
  const tasks = createDeadlineTasks({ stores, transaction, clock, deadlines, mails })

  return {
    ...{ db, clock, stores, transaction, letters, printRuns, createDesk, shop, alerts, tasks, protection },
    log: pino({ level: 'silent' }),
    standing: createStandingService({ deadlines, letters }),
    importPersons: (...persons: InsuredPerson[]) => stores.insuredPersons.upsertMany(persons, clock.now()),
    /** A registration at the clock's time, activated and waiting for its letter. */
    async activated(changes: Partial<NewAccount> = {}): Promise<Account> {
      const account = newAccount({ registeredAt: clock.now(), ...changes })
      await stores.accounts.create(account)
      await stores.accounts.activateRegistration(account.id, clock.now())
      const found = (await stores.accounts.find(account.id)) as Account
      await transaction((unit) => letters.request(unit, found, 'unlock_code', { now: clock.now() }))
      return found
    },
    /** Makes the account of a registration what it is after the first sign-in. */
    async makeActive(id: string): Promise<Account> {
      await db('accounts').where({ id }).update({ state: 'active', active_since: clock.now() })
      return (await stores.accounts.find(id)) as Account
    },
    account: async (id: string) => (await stores.accounts.find(id)) as Account,
    /** E-mails written to the outbox, oldest first. */
    async mails(): Promise<MailPayload[]> {
      const ids: string[] = await db('messages').orderBy('created_at').pluck('id')
      const open = await Promise.all(ids.map((id) => stores.messages.open(id)))
      return open.map((message) => message?.payload as MailPayload)
    },
    events: async (type: string) => (await db('audit_events').where({ type }).orderBy('id')).map((row) => row.data),
    /** Runs every deadline task once and gives how many rows each dealt with. */
    async runTasks(): Promise<Record<string, number>> {
      const counts: [string, number][] = []
      for (const [name, run] of Object.entries(tasks)) counts.push([name, await run()])
      return Object.fromEntries(counts)
    },
    async empty() {
      for (const table of tables) await db(table).delete()
      await emptyAuditLog(db)
    },
  }
}

export type ServiceWorld = ReturnType<typeof createServiceWorld>
