import type { CalendarDay } from '../../domain/calendar.ts'
import { chooseCodes, type WaitingCode } from '../../domain/letters/envelope.ts'
import { formOf, type Known, type LetterContentKind } from '../../domain/letters/purposes.ts'
import type { InsuredPerson } from '../../domain/register/eligibility.ts'
import { createUnlockCode, unlockCodeBinding } from '../../domain/secrets/unlock-code.ts'
import type { Account } from '../../stores/accounts/accounts.ts'
import type { Stores } from '../../stores/index.ts'
import type { Letter } from '../../stores/letters/letters.ts'
import type { Filling } from '../../stores/letters/run-letters.ts'
import type { LeftOut } from '../../stores/open-each.ts'
import type { UnitOfWork } from '../../stores/transaction.ts'
import type { PrintDesk } from './print-run/settings.ts'
import { addressHash, clearAddress, isAddress } from './returned-mail.ts'

/** A letter with the account that it is for and that person of the register; each `null` when there is none. */
export type Addressed = { letter: Letter; account: Account | null; person: InsuredPerson | null }

const dayLength = 24 * 60 * 60 * 1000

/**
 * Holds the numbers of letters until the transaction ends, before any of them is claimed: whoever signs in for the first time
 * holds the number first, too, and then ends its letters. What they are for is read anew afterwards. Answers the numbers, by
 * blind index under every key.
 */
export async function lockNumbersOf(unit: UnitOfWork, letters: readonly { accountId: string }[]): Promise<string[]> {
  // Whose row cannot be opened is left out again when the letters are addressed.
  const accounts = await unit.accounts.findMany(
    letters.map(({ accountId }) => accountId),
    () => {},
  )
  const hashes = [...new Set(accounts.flatMap((account) => account.insuranceNumberHashes))]
  await unit.letters.lockNumber(hashes)
  return hashes
}

/**
 * Only here the register is asked: what goes into the envelopes, if anything (mission.md, "Who may register"). The letters of one
 * number come together and share an envelope. A notice for a blocked address leaves the run again. Their numbers are held
 * (`lockNumbersOf`).
 */
export async function fillLetters(
  desk: PrintDesk,
  unit: UnitOfWork,
  letters: readonly Letter[],
  { runId, postingDay: day }: { runId: string; postingDay: CalendarDay },
): Promise<void> {
  const now = desk.clock.now()
  const addressed = await addressReadable(desk, unit, letters)
  const blocked = await findBlocked(desk, unit, addressed, now)
  const due = await keepUnblocked(desk, unit, addressed, blocked)
  const hashes = due.flatMap(({ account }) => account?.insuranceNumberHashes ?? [])
  const active = await unit.accounts.activeHashes(hashes)
  const decided = due.map((each) => {
    const accountIsActive = each.account?.insuranceNumberHashes.some((hash) => active.has(hash)) ?? false
    const known = { person: each.person, accountIsActive }
    const goesOut = each.account && !blocked.has(each.letter.id)
    const content = goesOut ? decideContent(desk, each.letter, each.account as Account, known, day) : 'none'
    return { ...each, content }
  })
  const begun = await unit.runLetters.envelopesInRun(runId, hashes)
  const printed = chooseForEnvelopes(desk, decided, begun)
  const fillings = decided.map((each) => fillOne(desk, each, printed.get(each.letter.id) ?? null))
  await unit.runLetters.fill(fillings, now)
  await watchNumbers(desk, unit, fillings, decided, now)
}

/** Tells what goes into the envelope of a letter on its posting day, by what the letter was asked for. */
export const decideContent = (
  { purposes, minimumAge }: PrintDesk,
  { purpose }: Letter,
  account: Account,
  known: Known,
  day: CalendarDay,
) => purposes[purpose].decide({ minimumAge }, account, known, day) as LetterContentKind

type Decided = Addressed & { content: LetterContentKind }

type Begun = Awaited<ReturnType<UnitOfWork['runLetters']['envelopesInRun']>>

/**
 * Puts what is printed into one envelope for each number; answers the envelope of each letter, by the letter's id. `begun`: what
 * an earlier batch of the run has put into envelopes, when somebody activated at the very cut-off.
 */
function chooseForEnvelopes(
  { purposes, rules: { envelope: rules } }: PrintDesk,
  decided: readonly Decided[],
  begun: Begun,
): Map<string, string> {
  const numbers = Map.groupBy(
    decided.filter(({ account, content }) => account && content !== 'none'),
    ({ account }) => account?.insuranceNumber,
  )
  const envelopes = new Map<string, string>()
  for (const letters of numbers.values()) {
    const there = letters[0]?.account?.insuranceNumberHashes.map((hash) => begun.get(hash)).find(Boolean)
    const left = {
      codes: rules.codes - (there?.letters ?? 0),
      codesOfRepeatedNumbers: rules.codesOfRepeatedNumbers - (there?.letters ?? 0),
    }
    const { anybody = [], member = [] } = Object.groupBy(letters, ({ letter }) => purposes[letter.purpose].askedBy)
    const chosen = [...chooseCodes(anybody.map(toWaitingCode), left), ...member.map(toWaitingCode)]
    for (const { letterId } of chosen) envelopes.set(letterId, there?.envelopeId ?? chosen[0]?.letterId ?? letterId)
  }
  return envelopes
}

const toWaitingCode = ({ letter, account }: Decided): WaitingCode => ({
  letterId: letter.id,
  accountId: account?.id ?? '',
  mobile: account?.mobile ?? '',
  registeredAt: account?.registeredAt ?? letter.requestedAt,
  hadLetter: account?.codeLastDay !== null,
})

/** Operators hear of a number that gets more envelopes than one registration may have: somebody plays with it. */
async function watchNumbers(
  { deadlines, alerts }: PrintDesk,
  unit: UnitOfWork,
  fillings: readonly Filling[],
  decided: readonly Decided[],
  now: Date,
): Promise<void> {
  const since = new Date(now.getTime() - deadlines.letterLimit.windowDays * dayLength)
  const envelopes = new Map(fillings.flatMap(({ id, envelopeId }) => (envelopeId ? [[id, envelopeId]] : [])))
  const byNumber = new Map(
    decided.flatMap(({ account, letter }) => {
      const letterId = envelopes.get(letter.id)
      return account && letterId ? [[account.insuranceNumber, { account, letterId }]] : []
    }),
  )
  const hashes = [...byNumber.values()].flatMap(({ account }) => account.insuranceNumberHashes)
  const counts = await unit.runLetters.countEnvelopes(hashes, since)
  for (const { account, letterId } of byNumber.values()) {
    const count = account.insuranceNumberHashes.reduce((sum, hash) => sum + (counts.get(hash) ?? 0), 0)
    if (count > deadlines.letterLimit.count)
      await alerts.raise(unit, { kind: 'many_letters', detail: { letter: letterId, count } })
  }
}

/**
 * Addresses letters, and takes those out of their run whose account or person cannot be opened: they wait for a row that is mended, a
 * day at a time, and hold up none of the others.
 */
export async function addressReadable(
  desk: PrintDesk,
  stores: Stores,
  letters: readonly Letter[],
): Promise<Addressed[]> {
  const unreadable = new Set<string>()
  const addressed = await addressLetters(stores, letters, (fault) => {
    unreadable.add(fault.row)
    desk.reportUnreadable(fault)
  })
  const waits = ({ letter, account }: Addressed) =>
    unreadable.has(letter.accountId ?? '') || account?.insuranceNumberHashes.some((hash) => unreadable.has(hash))
  const nextTry = new Date(desk.clock.now().getTime() + dayLength)
  for (const { letter } of addressed.filter(waits)) await stores.runLetters.postpone(letter.id, nextTry)
  return addressed.filter((each) => !waits(each))
}

/** Reads accounts and persons of many letters with two questions. */
export async function addressLetters(
  stores: Stores,
  letters: readonly Letter[],
  leftOut?: LeftOut,
): Promise<Addressed[]> {
  const ids = letters.flatMap((letter) => letter.accountId ?? [])
  const accounts = new Map((await stores.accounts.findMany(ids, leftOut)).map((account) => [account.id, account]))
  const hashes = [...accounts.values()].flatMap((account) => account.insuranceNumberHashes)
  const persons = await stores.insuredPersons.findByHashes([...new Set(hashes)], leftOut)
  return letters.map((letter) => {
    const account = accounts.get(letter.accountId ?? '') ?? null
    const person = account?.insuranceNumberHashes.map((hash) => persons.get(hash)).find(Boolean) ?? null
    return { letter, account, person }
  })
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
 * What a member asked for waits while its address is blocked. What anybody may have asked for stays in its run with nothing printed,
 * as for a number that is not known: its pages, e-mail and dates must not differ (docs/decisions/0019-returned-mail.md).
 */
async function keepUnblocked(
  { purposes, clock }: PrintDesk,
  unit: UnitOfWork,
  addressed: readonly Addressed[],
  blocked: ReadonlySet<string>,
): Promise<Addressed[]> {
  const waits = ({ letter }: Addressed) => purposes[letter.purpose].askedBy === 'member' && blocked.has(letter.id)
  const nextTry = new Date(clock.now().getTime() + dayLength)
  for (const each of addressed.filter(waits)) await unit.runLetters.postpone(each.letter.id, nextTry)
  return addressed.filter((each) => !waits(each))
}

function fillOne({ purposes, random, hash }: PrintDesk, each: Decided, envelopeId: string | null): Filling {
  const { letter, person } = each
  const content = envelopeId ? each.content : 'none'
  const code = createUnlockCode(random.bytes)
  return {
    id: letter.id,
    envelopeId,
    content,
    codeHash: hash.hash(code, unlockCodeBinding(letter.id)),
    code: formOf(purposes, { ...letter, content }) === 'codes' ? code : null,
    addressHash: person && content !== 'none' ? addressHash(hash, letter.id, person.address) : null,
  }
}
