import { berlinDay, type CalendarDay } from '../domain/calendar.ts'
import { type Deadlines, unlockCodeLastDay } from '../domain/deadlines.ts'
import { checkEligibility, type InsuredPerson } from '../domain/eligibility.ts'
import { maskMobile } from '../domain/mobile-number.ts'
import { createUnlockCode, formatUnlockCode, type UnlockCode, unlockCodeBinding } from '../domain/unlock-code.ts'
import type { Clock } from '../gateways/clock.ts'
import type { KeyedHash } from '../gateways/field-encryption.ts'
import type { LetterContent } from '../gateways/letter-pdf.ts'
import type { Random } from '../gateways/random.ts'
import type { Account } from '../stores/accounts.ts'
import type { Stores } from '../stores/index.ts'
import type { UnitOfWork } from '../stores/transaction.ts'
import type { LetterContentKind, UnlockLetter } from '../stores/unlock-letters.ts'
import type { LetterService } from './letters.ts'

type Settings = {
  stores: Stores
  clock: Clock
  random: Random
  hash: KeyedHash
  deadlines: Deadlines
  minimumAge: number
  issuer: string
  letters: LetterService
}

/**
 * Only here the register is asked: what goes into the envelope, if anything (mission.md, "Who may register").
 * `false`: another letter of the number is in a run already, and this one waits until the limits allow it.
 */
export async function fillLetter(
  settings: Settings,
  unit: UnitOfWork,
  letter: UnlockLetter,
  day: CalendarDay,
): Promise<boolean> {
  const account = letter.accountId ? await unit.accounts.find(letter.accountId) : null
  if (account && (await postponed(settings, unit, letter, account))) return false
  const person = account && (await unit.insuredPersons.findByInsuranceNumber(account.insuranceNumber))
  const content = account ? await decideContent(settings, unit, account, person, day) : 'none'
  const code = createUnlockCode(settings.random.bytes)
  await unit.unlockLetters.fill(
    letter.id,
    {
      content,
      codeHash: settings.hash.hash(code, unlockCodeBinding(letter.id)),
      code: content === 'unlock_code' ? code : null,
    },
    settings.clock.now(),
  )
  return true
}

/** The letter limits count when a letter enters a run: of several that wait for one number, the newest goes first. */
async function postponed(
  settings: Settings,
  unit: UnitOfWork,
  letter: UnlockLetter,
  account: Account,
): Promise<boolean> {
  const now = settings.clock.now()
  await unit.unlockLetters.lockNumber(account.insuranceNumberHashes)
  const allowedFrom = await settings.letters.allowedAt(unit, account, now)
  if (allowedFrom <= now) return false
  await unit.unlockLetters.postpone(letter.id, allowedFrom)
  return true
}

async function decideContent(
  settings: Settings,
  unit: UnitOfWork,
  account: Account,
  person: InsuredPerson | null,
  day: CalendarDay,
): Promise<LetterContentKind> {
  const check = checkEligibility(person, account.insurerNumber, day, { minimumAge: settings.minimumAge })
  if (!check.eligible) return 'none'
  const active = await unit.accounts.findActiveByNumber(account.insuranceNumber)
  return active ? 'account_exists' : 'unlock_code'
}

/** What the run's printed letters say; rows without a letter are left out. */
export async function letterContents(settings: Settings, runId: string): Promise<LetterContent[]> {
  const run = await settings.stores.printRuns.find(runId)
  const letters = await settings.stores.unlockLetters.findByRun(runId)
  const contents: LetterContent[] = []
  for (const letter of letters) {
    if (!run || !letter.accountId || letter.content === 'none') continue
    const account = await settings.stores.accounts.find(letter.accountId)
    const person = account && (await settings.stores.insuredPersons.findByInsuranceNumber(account.insuranceNumber))
    if (account && person) contents.push(toContent(settings, letter, account, person, run.postingDay))
  }
  return contents
}

function toContent(
  settings: Settings,
  letter: UnlockLetter,
  account: Account,
  person: InsuredPerson,
  postingDay: CalendarDay,
): LetterContent {
  const common = {
    id: letter.id,
    recipient: { name: `${person.givenName} ${person.familyName}`, ...person.address },
    date: postingDay,
    registeredOn: berlinDay(account.registeredAt),
    maskedMobile: maskMobile(account.mobile),
    largePrint: person.largePrint,
  }
  if (letter.content === 'account_exists' || !letter.code)
    return { ...common, kind: 'account_exists', helpUrl: `${settings.issuer}/hilfe` }
  return {
    ...common,
    kind: 'unlock_code',
    code: formatUnlockCode(letter.code as UnlockCode),
    lastDay: unlockCodeLastDay(postingDay, settings.deadlines),
    signInUrl: `${settings.issuer}/anmeldung`,
  }
}
