import { berlinDay, berlinTime, type CalendarDay } from '../../domain/calendar.ts'
import { unlockCodeLastDay } from '../../domain/deadlines.ts'
import type { InsuredPerson } from '../../domain/eligibility.ts'
import { maskMobile } from '../../domain/mobile-number.ts'
import { fullName } from '../../domain/person-name.ts'
import { formatUnlockCode, type UnlockCode } from '../../domain/unlock-code.ts'
import type { PrintedEnvelope } from '../../gateways/letter-delivery.ts'
import type { LetterContent } from '../../gateways/letter-pdf.ts'
import type { Account } from '../../stores/accounts.ts'
import type { Letter } from '../../stores/letters.ts'
import { type Addressed, addressLetters } from '../letter-contents.ts'
import { batchSize, type PrintDesk } from './settings.ts'

/** A letter of an envelope whose registration and person are there. */
export type Held = { letter: Letter; account: Account; person: InsuredPerson }

/**
 * What the envelopes of a run hold, in the order of the run, batch by batch. Letters whose registration is gone are left out,
 * and an envelope that holds nothing any more. `keep` sees what each batch is made of and answers what is left of it.
 */
export async function* printedEnvelopes(
  desk: PrintDesk,
  runId: string,
  postingDay: CalendarDay,
  keep: (held: Held[]) => Promise<Held[]> = async (held) => held,
): AsyncIterable<PrintedEnvelope[]> {
  let after: string | null = null
  for (;;) {
    const letters: Letter[] = await desk.stores.runLetters.page(runId, after, batchSize)
    after = letters.at(-1)?.envelopeId ?? null
    if (after === null) return
    const held = await keep((await addressLetters(desk.stores, letters)).filter(isHeld))
    const envelopes = Map.groupBy(held, ({ letter }) => letter.envelopeId)
    yield [...envelopes].map(([id, own]) => toEnvelope(desk, id, own, postingDay))
  }
}

const isHeld = (each: Addressed): each is Held => each.account !== null && each.person !== null

const oldestFirst = (a: Held, b: Held) => a.account.registeredAt.getTime() - b.account.registeredAt.getTime()

/** Letters that share an envelope are of one number: one address, one person. */
function toEnvelope(desk: PrintDesk, id: string, held: Held[], postingDay: CalendarDay): PrintedEnvelope {
  const ordered = held.sort(oldestFirst)
  const of = (...kinds: Letter['content'][]) => ordered.filter(({ letter }) => kinds.includes(letter.content))
  const [codes, attempts] = [of('unlock_code'), of('account_exists')]
  const { person, account } = ordered[0] as Held
  const common = {
    id,
    recipient: { name: fullName(person), ...person.address },
    date: postingDay,
    largePrint: person.largePrint,
  }
  const helpUrl = new URL('/hilfe', desk.issuer).href
  const letters: LetterContent[] = []
  if (codes.length > 0)
    letters.push({
      ...common,
      kind: 'unlock_code',
      codes: codes.map((each) => ({ ...registrationOf(each), code: formatUnlockCode(each.letter.code as UnlockCode) })),
      lastDay: unlockCodeLastDay(postingDay, desk.deadlines),
      signInUrl: new URL('/anmeldung', desk.issuer).href,
    })
  if (attempts.length > 0)
    letters.push({ ...common, kind: 'account_exists', registrations: attempts.map(registrationOf), helpUrl })
  for (const { letter, account } of of('mobile_replaced', 'account_ended')) {
    const kind = letter.content as 'mobile_replaced' | 'account_ended'
    const happenedOn = berlinDay(letter.requestedAt)
    letters.push({ ...common, kind, happenedOn, maskedMobile: maskMobile(account.mobile), helpUrl })
  }
  return { id, letters, insuranceNumber: account.insuranceNumber }
}

const registrationOf = ({ account }: Held) => ({
  registeredOn: berlinDay(account.registeredAt),
  registeredTime: berlinTime(account.registeredAt),
  maskedMobile: maskMobile(account.mobile),
})
