import { berlinDay, type CalendarDay } from '../domain/calendar.ts'
import { nextLetterAllowedAt, unlockCodeLastDay } from '../domain/deadlines.ts'
import { checkEligibility, type InsuredPerson } from '../domain/eligibility.ts'
import { maskMobile } from '../domain/mobile-number.ts'
import { createUnlockCode, formatUnlockCode, type UnlockCode, unlockCodeBinding } from '../domain/unlock-code.ts'
import type { PrintedLetter } from '../gateways/letter-delivery.ts'
import type { LetterContent } from '../gateways/letter-pdf.ts'
import type { Account } from '../stores/accounts.ts'
import type { Stores } from '../stores/index.ts'
import type { Filling } from '../stores/run-letters.ts'
import type { UnitOfWork } from '../stores/transaction.ts'
import type { LetterContentKind, LetterPurpose, UnlockLetter } from '../stores/unlock-letters.ts'
import { batchSize, type PrintDesk } from './print-run/settings.ts'

/** A letter with the account that it is for and that person of the register; each `null` when there is none. */
type Addressed = { letter: UnlockLetter; account: Account | null; person: InsuredPerson | null }

const dayLength = 24 * 60 * 60 * 1000

/**
 * Only here the register is asked: what goes into the envelopes, if anything (mission.md, "Who may register"). A letter whose
 * number has had one in between leaves the run again and waits until the limits allow it. Answers how many stay.
 */
export async function fillLetters(
  desk: PrintDesk,
  unit: UnitOfWork,
  letters: readonly UnlockLetter[],
  day: CalendarDay,
): Promise<number> {
  const now = desk.clock.now()
  const addressed = await addressLetters(unit, letters)
  const due = await keepAllowed(desk, unit, addressed, now)
  const hashes = due.flatMap(({ account }) => account?.insuranceNumberHashes ?? [])
  const active = new Set((await unit.accounts.findActiveByHashes(hashes)).map((account) => account.insuranceNumber))
  const fillings = due.map((each) => {
    const known = { person: each.person, accountIsActive: active.has(each.account?.insuranceNumber ?? '') }
    const content = each.account ? decide[each.letter.purpose](desk, each.account, known, day) : 'none'
    return fillOne(desk, each.letter, content)
  })
  await unit.runLetters.fill(fillings, now)
  return fillings.length
}

/** Reads accounts and persons of many letters with two questions. */
async function addressLetters(stores: Stores, letters: readonly UnlockLetter[]): Promise<Addressed[]> {
  const ids = letters.flatMap((letter) => letter.accountId ?? [])
  const accounts = new Map((await stores.accounts.findMany(ids)).map((account) => [account.id, account]))
  const hashes = [...accounts.values()].flatMap((account) => account.insuranceNumberHashes)
  const persons = await stores.insuredPersons.findByHashes([...new Set(hashes)])
  return letters.map((letter) => {
    const account = accounts.get(letter.accountId ?? '') ?? null
    const person = account?.insuranceNumberHashes.map((hash) => persons.get(hash)).find(Boolean) ?? null
    return { letter, account, person }
  })
}

/** The letter limits count when a letter enters a run: of several that wait for one number, the newest goes first. */
async function keepAllowed(
  { deadlines }: PrintDesk,
  unit: UnitOfWork,
  addressed: readonly Addressed[],
  now: Date,
): Promise<Addressed[]> {
  const hashes = addressed.flatMap(({ account }) => account?.insuranceNumberHashes ?? [])
  await unit.runLetters.lockNumbers(hashes)
  const since = new Date(now.getTime() - deadlines.letterLimit.windowDays * dayLength)
  const times = await unit.runLetters.printTimes(hashes, since)
  const newestFirst = [...addressed].sort((a, b) => b.letter.requestedAt.getTime() - a.letter.requestedAt.getTime())
  const kept: Addressed[] = []
  for (const each of newestFirst) {
    const own = each.account?.insuranceNumberHashes ?? []
    const earlier = own.flatMap((hash) => times.get(hash) ?? [])
    const allowedFrom = each.account ? nextLetterAllowedAt(earlier, now, deadlines) : now
    if (allowedFrom > now) {
      await unit.runLetters.postpone(each.letter.id, allowedFrom)
      continue
    }
    if (own[0]) times.set(own[0], [...(times.get(own[0]) ?? []), now])
    kept.push(each)
  }
  return kept
}

function fillOne({ random, hash }: PrintDesk, letter: UnlockLetter, content: LetterContentKind): Filling {
  const code = createUnlockCode(random.bytes)
  return {
    id: letter.id,
    content,
    codeHash: hash.hash(code, unlockCodeBinding(letter.id)),
    code: content === 'unlock_code' ? code : null,
  }
}

type Known = { person: InsuredPerson | null; accountIsActive: boolean }
type Decision = (desk: PrintDesk, account: Account, known: Known, day: CalendarDay) => LetterContentKind

/** What goes into the envelope, by what the letter was asked for. */
const decide: Record<LetterPurpose, Decision> = {
  unlock_code({ minimumAge }, account, { person, accountIsActive }, day) {
    const check = checkEligibility(person, account.insurerNumber, day, { minimumAge })
    if (!check.eligible) return 'none'
    return accountIsActive ? 'account_exists' : 'unlock_code'
  },
}

/** What the run's printed letters say, in the order of the run, batch by batch; rows without a letter are left out. */
export async function* printedLetters(
  desk: PrintDesk,
  runId: string,
  postingDay: CalendarDay,
): AsyncIterable<PrintedLetter[]> {
  let after: string | null = null
  for (;;) {
    const letters: UnlockLetter[] = await desk.stores.runLetters.page(runId, after, batchSize)
    after = letters.at(-1)?.id ?? null
    if (after === null) return
    yield (await addressLetters(desk.stores, letters)).flatMap(({ letter, account, person }) =>
      account && person
        ? [{ content: toContent(desk, letter, account, person, postingDay), insuranceNumber: account.insuranceNumber }]
        : [],
    )
  }
}

function toContent(
  desk: PrintDesk,
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
    return { ...common, kind: 'account_exists', helpUrl: `${desk.issuer}/hilfe` }
  return {
    ...common,
    kind: 'unlock_code',
    code: formatUnlockCode(letter.code as UnlockCode),
    lastDay: unlockCodeLastDay(postingDay, desk.deadlines),
    signInUrl: `${desk.issuer}/anmeldung`,
  }
}
