import type { Actor } from '../../audit/event.ts'
import type { KeyedHash } from '../../crypto/field-encryption.ts'
import type { Random } from '../../crypto/random.ts'
import { berlinDay } from '../../domain/calendar.ts'
import type { LetterIdRange } from '../../domain/letters/letter-id.ts'
import type { InsuredPerson, PostalAddress } from '../../domain/register/eligibility.ts'
import { createUnlockCode, unlockCodeBinding } from '../../domain/secrets/unlock-code.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Stores } from '../../stores/index.ts'
import type { Letter } from '../../stores/letters/letters.ts'
import type { ReturnedLetter } from '../../stores/letters/returned-letters.ts'
import type { LeftOut } from '../../stores/open-each.ts'
import type { Transaction, UnitOfWork } from '../../stores/transaction.ts'
import type { MailService } from '../messages/mails.ts'
import type { AlertService } from '../operation/alerts.ts'
import { collectFaults } from '../parts.ts'

type Settings = {
  stores: Stores
  transaction: Transaction
  clock: Clock
  random: Random
  hash: KeyedHash
  mails: MailService
  alerts: Pick<AlertService, 'raise'>
}

/** `cleared`: the register has another address already, so nothing is blocked. */
export type ReturnedOutcome =
  | { result: 'blocked' | 'cleared'; letterId: string; told: boolean }
  | { result: 'unknown' | 'ambiguous' | 'not_posted' | 'already_returned' | 'not_in_register' }

/** What an operator has to do about a letter that came back. */
export type OpenReturn = Pick<ReturnedLetter, 'letterId' | 'insuranceNumber' | 'postedOn' | 'returnedAt' | 'returnedBy'>

export type ReturnedMailService = ReturnType<typeof createReturnedMailService>

const pageSize = 200
const rememberedDays = 365

/** Hashes the address on an envelope; bound to the letter, so that nobody sees who lives together. */
export const addressHash = (hash: KeyedHash, letterId: string, address: PostalAddress): string =>
  hash.hash(wordsOf(address), bindingOf(letterId))

/** Tells whether a letter went to this address. */
export const isAddress = (hash: KeyedHash, letterId: string, address: PostalAddress, hashed: string): boolean =>
  hash.matches(wordsOf(address), bindingOf(letterId), hashed)

const bindingOf = (letterId: string) => `letter_address:${letterId}`
const wordsOf = ({ addition, street, postalCode, city, country }: PostalAddress) =>
  JSON.stringify([addition ?? '', street, postalCode, city, country])

/** Creates the rules of returned mail (docs/decisions/0019-returned-mail.md). */
export function createReturnedMailService(settings: Settings) {
  const { stores, transaction, clock, hash } = settings
  return {
    /**
     * Takes an envelope that came back: its codes open nothing any more, its address gets no further letter until the register
     * has another one, operators are told, and so is a member who is active. Nothing else changes that could be seen from outside.
     */
    async take(id: LetterIdRange, actor: Actor): Promise<ReturnedOutcome> {
      const [envelopeId, ...others] = await stores.letters.findEnvelopesBetween(id)
      if (!envelopeId) return { result: 'unknown' }
      if (others.length > 0) return { result: 'ambiguous' }
      return await transaction((unit) => takeOne(settings, unit, envelopeId, actor))
    },
    /** What support has not cleared in the core system yet; that somebody looked is recorded. */
    async list(actor: Actor): Promise<OpenReturn[]> {
      const found: OpenReturn[] = []
      for await (const page of pages(stores)) found.push(...page)
      const count = found.length
      await transaction((unit) => unit.audit.returnedLettersListed({ at: clock.now(), actor, count }))
      return found.sort((a, b) => a.returnedAt.getTime() - b.returnedAt.getTime())
    },
    /** Looks whether the register has other addresses by now, and keeps the hashes under the key that writes. */
    async review(): Promise<number> {
      const faults = collectFaults()
      let done = await stores.returnedLetters.deleteClearedBefore(daysAgo(clock.now(), rememberedDays))
      for await (const page of pages(stores, faults.add)) {
        const hashes = page.map((each) => each.insuranceNumberHash)
        const persons = await stores.insuredPersons.findByHashes(hashes, faults.add)
        for (const each of page) {
          const address = persons.get(each.insuranceNumberHash)?.address
          if (!address || !each.addressHash) continue
          if (!isAddress(hash, each.letterId, address, each.addressHash)) {
            done += await transaction((unit) => clearAddress(unit, each.letterId, clock.now()))
            continue
          }
          const fresh = addressHash(hash, each.letterId, address)
          if (fresh !== each.addressHash) await stores.returnedLetters.rehash(each.letterId, each.addressHash, fresh)
        }
      }
      return faults.end(done)
    },
  }
}

/** Notes that the address of a returned letter was mended; answers 1 when it was not noted before. */
export async function clearAddress(unit: UnitOfWork, letterId: string, now: Date): Promise<number> {
  if (!(await unit.returnedLetters.clear(letterId, now))) return 0
  await unit.audit.letterAddressCleared({ at: now, letterId })
  return 1
}

async function* pages({ returnedLetters }: Stores, leftOut?: LeftOut): AsyncIterable<ReturnedLetter[]> {
  let after: string | null = null
  for (;;) {
    const page: ReturnedLetter[] = await returnedLetters.page(after, pageSize, leftOut)
    after = page.at(-1)?.letterId ?? null
    if (after === null) return
    yield page
  }
}

const daysAgo = (now: Date, days: number) => new Date(now.getTime() - days * 24 * 60 * 60 * 1000)

async function takeOne(
  settings: Settings,
  unit: UnitOfWork,
  envelopeId: string,
  actor: Actor,
): Promise<ReturnedOutcome> {
  const now = settings.clock.now()
  const held = await unit.letters.findInEnvelope(envelopeId)
  const accounts = await unit.accounts.findMany(held.flatMap(({ accountId }) => accountId ?? []))
  const hashes = [
    ...held.map((letter) => letter.insuranceNumberHash),
    ...accounts.flatMap((account) => account.insuranceNumberHashes),
  ]
  // Beside a run that is being filled: it sees the block, or its letter is older.
  await unit.letters.lockNumber(hashes)
  const stopped = await stopCodes(settings, unit, held, now)
  const [letter] = stopped
  if (!letter) return { result: held.some(({ returnedAt }) => returnedAt) ? 'already_returned' : 'not_posted' }
  const persons = await unit.insuredPersons.findByHashes([...new Set(hashes)])
  const person = [...persons.values()][0]
  const known = new Set(accounts.map(({ id }) => id))
  for (const { accountId } of stopped) {
    const event = { at: now, actor, letterId: envelopeId }
    await unit.audit.letterReturned(accountId && known.has(accountId) ? { ...event, accountId } : event)
  }
  if (!person || !letter.postedOn) return { result: 'not_in_register' }
  const blocks = await block(settings, unit, letter, person, actor)
  const told = await tellMember(settings, unit, person.insuranceNumber, letter, now)
  return { result: blocks ? 'blocked' : 'cleared', letterId: envelopeId, told }
}

/** A code that nobody has takes the place of each: the pages go on as for every letter, and every entry is a wrong one. */
async function stopCodes(
  { hash, random }: Settings,
  unit: UnitOfWork,
  held: readonly Letter[],
  now: Date,
): Promise<Letter[]> {
  const stopped: Letter[] = []
  for (const letter of held) {
    const nobodysCode = hash.hash(createUnlockCode(random.bytes), unlockCodeBinding(letter.id))
    if (await unit.letters.markReturned(letter.id, nobodysCode, now)) stopped.push(letter)
  }
  return stopped
}

/** Blocks the address on the envelope; `false` when the register has another one by now. */
async function block(
  { clock, hash, alerts }: Settings,
  unit: UnitOfWork,
  letter: Letter,
  person: InsuredPerson,
  actor: Actor,
): Promise<boolean> {
  const { envelopeId } = letter
  if (letter.addressHash && !isAddress(hash, letter.id, person.address, letter.addressHash)) return false
  await unit.returnedLetters.add({
    letterId: envelopeId,
    insuranceNumber: person.insuranceNumber,
    addressHash: addressHash(hash, envelopeId, person.address),
    postedOn: letter.postedOn ?? berlinDay(clock.now()),
    returnedAt: clock.now(),
    returnedBy: actor,
  })
  await alerts.raise(unit, { kind: 'letter_returned', detail: { letter: envelopeId } })
  return true
}

/** Only who is active is told: for everybody else it would say that the number is known. */
async function tellMember(
  { mails }: Settings,
  unit: UnitOfWork,
  insuranceNumber: string,
  letter: Letter,
  now: Date,
): Promise<boolean> {
  const holder = await unit.accounts.findActiveByNumber(insuranceNumber)
  if (holder?.state !== 'active') return false
  const params = { postedOn: letter.postedOn ?? berlinDay(now), letter: letter.envelopeId }
  await mails.send(unit, holder, 'letterReturned', params, now)
  return true
}
