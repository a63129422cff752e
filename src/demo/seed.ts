import { randomUUID } from 'node:crypto'
import type { PasswordHasher } from '../crypto/password-hasher.ts'
import { addDays, berlinDay } from '../domain/calendar.ts'
import type { Clock } from '../gateways/clock.ts'
import type { LetterService } from '../services/letters/letters.ts'
import type { PrintRunService } from '../services/letters/print-runs.ts'
import type { Stores } from '../stores/index.ts'
import type { Transaction, UnitOfWork } from '../stores/transaction.ts'

type Settings = {
  stores: Stores
  transaction: Transaction
  clock: Clock
  hasher: PasswordHasher
  letters: LetterService
  printRuns: PrintRunService
  importMembers(): Promise<void>
  termsVersion: string
}

/** Password of every demo log-in (contract.md, "Demo members"). */
export const demoPassword = 'Wiesengrund-7-Almhuette'

const demoAccounts = [
  { insuranceNumber: 'C771029455', username: 'lena.huber', mobile: '+4915112345671', email: 'lena.huber@demo.invalid' },
  {
    insuranceNumber: 'D314159268',
    username: 'josef.bauer',
    mobile: '+4915112345672',
    email: 'josef.bauer@demo.invalid',
  },
]

/** Loads the demo members and their two accounts at the first development start; later starts change nothing. */
export async function seedDemo(settings: Settings): Promise<void> {
  const { stores, transaction } = settings
  if (await stores.settings.get('demo_loaded')) return
  await settings.importMembers()
  const passwordHash = await settings.hasher.hash(demoPassword)
  await transaction(async (unit) => {
    if (await unit.settings.get('demo_loaded')) return
    for (const person of demoAccounts) await createAccount(settings, unit, person, passwordHash)
    await unit.settings.set('demo_loaded', settings.clock.now().toISOString())
  })
  const runId = await settings.printRuns.prepare(berlinDay(settings.clock.now()))
  if (runId && (await settings.printRuns.release(runId))) await settings.printRuns.post(runId)
}

async function createAccount(
  settings: Settings,
  unit: UnitOfWork,
  person: (typeof demoAccounts)[number],
  passwordHash: string,
): Promise<void> {
  const now = settings.clock.now()
  const id = randomUUID()
  const common = {
    insurerNumber: '108310400',
    identification: 'post',
    language: 'de',
    termsVersion: settings.termsVersion,
  }
  const activationLastDay = addDays(berlinDay(now), 28)
  await unit.accounts.create({ id, ...person, ...common, passwordHash, registeredAt: now, activationLastDay })
  await unit.accounts.activateRegistration(id, now)
  if (person.username !== 'lena.huber') {
    const account = await unit.accounts.find(id)
    if (account) await settings.letters.request(unit, account, 'unlock_code', { now })
    return
  }
  await unit.accounts.markLetterPosted(id, berlinDay(now), now)
  const answerHash = await settings.hasher.hash('wiesengrund')
  await unit.accounts.makeActive(id, { question: 'childhood_street', answerHash }, now)
}
