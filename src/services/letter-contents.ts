import { berlinDay, type CalendarDay } from '../domain/calendar.ts'
import { nextLetterAllowedAt, unlockCodeLastDay } from '../domain/deadlines.ts'
import { checkEligibility, type InsuredPerson } from '../domain/eligibility.ts'
import { maskMobile } from '../domain/mobile-number.ts'
import { fullName } from '../domain/person-name.ts'
import { createUnlockCode, formatUnlockCode, type UnlockCode, unlockCodeBinding } from '../domain/unlock-code.ts'
import type { PrintedLetter } from '../gateways/letter-delivery.ts'
import type { LetterContent } from '../gateways/letter-pdf.ts'
import type { Account } from '../stores/accounts.ts'
import type { Stores } from '../stores/index.ts'
import type { Filling } from '../stores/run-letters.ts'
import type { UnitOfWork } from '../stores/transaction.ts'
import type { LetterContentKind, LetterPurpose, UnlockLetter } from '../stores/unlock-letters.ts'
import { batchSize, type PrintDesk } from './print-run/settings.ts'
import { addressHash, clearAddress, isAddress } from './returned-mail.ts'

/** A letter with the account that it is for and that person of the register; each `null` when there is none. */
type Addressed = { letter: UnlockLetter; account: Account | null; person: InsuredPerson | null }

const dayLength = 24 * 60 * 60 * 1000

/**
 * Holds the numbers of letters until the transaction ends, before any of them is claimed: whoever signs in for the first time
 * holds the number first, too, and then ends its letters. What they are for is read anew afterwards.
 */
export async function lockNumbersOf(unit: UnitOfWork, letters: readonly { accountId: string }[]): Promise<void> {
  const accounts = await unit.accounts.findMany(letters.map(({ accountId }) => accountId))
  await unit.runLetters.lockNumbers(accounts.flatMap((account) => account.insuranceNumberHashes))
}

/**
 * Only here the register is asked: what goes into the envelopes, if anything (mission.md, "Who may register"). A letter whose
 * number has had one in between leaves the run again and waits until the limits allow it; so does a notice for a blocked address.
 * Their numbers are held (`lockNumbersOf`). Answers how many stay.
 */
export async function fillLetters(
  desk: PrintDesk,
  unit: UnitOfWork,
  letters: readonly UnlockLetter[],
  day: CalendarDay,
): Promise<number> {
  const now = desk.clock.now()
  const addressed = await addressLetters(unit, letters)
  const allowed = await keepAllowed(desk, unit, addressed, now)
  const blocked = await findBlocked(desk, unit, allowed, now)
  const due = await keepUnblocked(unit, allowed, blocked, now)
  const hashes = due.flatMap(({ account }) => account?.insuranceNumberHashes ?? [])
  const active = new Set((await unit.accounts.findActiveByHashes(hashes)).map((account) => account.insuranceNumber))
  const fillings = due.map((each) => {
    const known = { person: each.person, accountIsActive: active.has(each.account?.insuranceNumber ?? '') }
    const goesOut = each.account && !blocked.has(each.letter.id)
    const content = goesOut ? decide[each.letter.purpose](desk, each.account as Account, known, day) : 'none'
    return fillOne(desk, each, content)
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

/**
 * Letters whose address is the one that mail came back from. An address that the register has changed since is free again.
 */
async function findBlocked(
  { hash }: PrintDesk,
  unit: UnitOfWork,
  addressed: readonly Addressed[],
  now: Date,
): Promise<Set<string>> {
  const numbers = new Set(addressed.flatMap(({ account }) => account?.insuranceNumberHashes ?? []))
  const returned = await unit.returnedLetters.openOf([...numbers])
  const blocked = new Set<string>()
  for (const { letter, account, person } of addressed) {
    if (!account || !person) continue
    for (const each of returned.filter((own) => own.insuranceNumber === account.insuranceNumber)) {
      if (isAddress(hash, each.letterId, person.address, each.addressHash ?? '')) blocked.add(letter.id)
      else await clearAddress(unit, each.letterId, now)
    }
  }
  if (blocked.size > 0) await unit.audit.lettersWithheld({ at: now, count: blocked.size })
  return blocked
}

/**
 * Notices to a blocked address wait for another one. A letter with a code stays in its run with nothing printed, as for a number
 * that is not known: its pages, e-mail and dates must not differ (docs/decisions/0019-returned-mail.md).
 */
async function keepUnblocked(
  unit: UnitOfWork,
  addressed: readonly Addressed[],
  blocked: ReadonlySet<string>,
  now: Date,
): Promise<Addressed[]> {
  const waits = ({ letter }: Addressed) => letter.purpose !== 'unlock_code' && blocked.has(letter.id)
  const nextTry = new Date(now.getTime() + dayLength)
  for (const each of addressed.filter(waits)) await unit.runLetters.postpone(each.letter.id, nextTry)
  return addressed.filter((each) => !waits(each))
}

function fillOne({ random, hash }: PrintDesk, { letter, person }: Addressed, content: LetterContentKind): Filling {
  const code = createUnlockCode(random.bytes)
  return {
    id: letter.id,
    content,
    codeHash: hash.hash(code, unlockCodeBinding(letter.id)),
    code: content === 'unlock_code' ? code : null,
    addressHash: person && content !== 'none' ? addressHash(hash, letter.id, person.address) : null,
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
  // Nobody writes to the dead; whoever is not in the register has no address.
  mobile_replaced: (_desk, account, { person }) =>
    account.activeSince && account.state !== 'ended' && person && !person.deceasedOn ? 'mobile_replaced' : 'none',
  // An account that is open again by then has no end to tell.
  account_ended: (_desk, account, { person }) =>
    account.state === 'ended' && person && !person.deceasedOn ? 'account_ended' : 'none',
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
    recipient: { name: fullName(person), ...person.address },
    date: postingDay,
    registeredOn: berlinDay(account.registeredAt),
    maskedMobile: maskMobile(account.mobile),
    largePrint: person.largePrint,
  }
  const helpUrl = `${desk.issuer}/hilfe`
  if (letter.content === 'mobile_replaced' || letter.content === 'account_ended')
    return { ...common, kind: letter.content, happenedOn: berlinDay(letter.requestedAt), helpUrl }
  if (letter.content === 'account_exists' || !letter.code) return { ...common, kind: 'account_exists', helpUrl }
  return {
    ...common,
    kind: 'unlock_code',
    code: formatUnlockCode(letter.code as UnlockCode),
    lastDay: unlockCodeLastDay(postingDay, desk.deadlines),
    signInUrl: `${desk.issuer}/anmeldung`,
  }
}
