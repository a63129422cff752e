import { berlinDay, berlinTime, type CalendarDay } from '../../../domain/calendar.ts'
import { unlockCodeLastDay } from '../../../domain/deadlines.ts'
import { maskMobile } from '../../../domain/input/mobile-number.ts'
import { fullName } from '../../../domain/input/person-name.ts'
import { type KindOf, type LetterForm, type LetterKind, printedContents } from '../../../domain/letters/purposes.ts'
import type { InsuredPerson } from '../../../domain/register/eligibility.ts'
import { formatUnlockCode, type UnlockCode } from '../../../domain/secrets/unlock-code.ts'
import type { PrintedEnvelope } from '../../../gateways/letters/letter-delivery.ts'
import type { LetterContent } from '../../../gateways/letters/letter-pdf.ts'
import type { Account } from '../../../stores/accounts/accounts.ts'
import type { Letter } from '../../../stores/letters/letters.ts'
import { type Addressed, addressLetters, addressReadable } from '../letter-contents.ts'
import { batchSize, type PrintDesk } from './settings.ts'

/** A letter of an envelope whose registration and person are there. */
export type Held = { letter: Letter; account: Account; person: InsuredPerson }

/**
 * What the envelopes of a run hold, in the order of the run, batch by batch. Letters whose registration is gone are left out,
 * and an envelope that holds nothing any more. `keep` sees what each batch is made of and answers what is left of
 * it; with it the run is still drawn, and letters whose rows cannot be opened leave it.
 */
export async function* printedEnvelopes(
  desk: PrintDesk,
  runId: string,
  postingDay: CalendarDay,
  keep?: (held: Held[]) => Promise<Held[]>,
): AsyncIterable<PrintedEnvelope[]> {
  let after: string | null = null
  for (;;) {
    const letters: Letter[] = await desk.stores.runLetters.page(runId, after, batchSize)
    after = letters.at(-1)?.envelopeId ?? null
    if (after === null) return
    const addressed = keep
      ? await addressReadable(desk, desk.stores, letters)
      : await addressLetters(desk.stores, letters)
    const there = addressed.filter(isHeld)
    const held = keep ? await keep(there) : there
    const envelopes = Map.groupBy(held, ({ letter }) => letter.envelopeId)
    yield [...envelopes].map(([id, own]) => toEnvelope(desk, id, own, postingDay))
  }
}

const isHeld = (each: Addressed): each is Held => each.account !== null && each.person !== null

const oldestFirst = (a: Held, b: Held) => a.account.registeredAt.getTime() - b.account.registeredAt.getTime()

/** Letters that share an envelope are of one number: one address, one person. */
function toEnvelope(desk: PrintDesk, id: string, held: Held[], postingDay: CalendarDay): PrintedEnvelope {
  const ordered = held.sort(oldestFirst)
  const { person, account } = ordered[0] as Held
  const common = {
    id,
    recipient: { name: fullName(person), ...person.address },
    date: postingDay,
    largePrint: person.largePrint,
  }
  const letters = printedContents(desk.purposes).flatMap(([kind, { form, path }]): LetterContent[] => {
    const own = ordered.filter(({ letter }) => letter.content === kind)
    const frame = { ...common, url: new URL(path, desk.issuer).href }
    return own.length > 0 ? write[form](own, frame, kind, desk) : []
  })
  return { id, letters, insuranceNumber: account.insuranceNumber }
}

type Frame = Omit<LetterContent, 'kind'>
type Write = (own: Held[], frame: Frame, kind: LetterKind, desk: PrintDesk) => LetterContent[]

/** How each form tells of its letters; `kind` is one of the form, as the table has it. */
const write: Record<LetterForm, Write> = {
  codes: (own, frame, kind, { deadlines }) => [
    {
      ...frame,
      kind: kind as KindOf<'codes'>,
      codes: own.map((each) => ({ ...registrationOf(each), code: formatUnlockCode(each.letter.code as UnlockCode) })),
      lastDay: unlockCodeLastDay(frame.date, deadlines),
    },
  ],
  attempts: (own, frame, kind) => [
    { ...frame, kind: kind as KindOf<'attempts'>, registrations: own.map(registrationOf) },
  ],
  notice: (own, frame, kind) =>
    own.map(({ letter, account }) => ({
      ...frame,
      kind: kind as KindOf<'notice'>,
      happenedOn: berlinDay(letter.requestedAt),
      maskedMobile: maskMobile(account.mobile),
    })),
}

const registrationOf = ({ account }: Held) => ({
  registeredOn: berlinDay(account.registeredAt),
  registeredTime: berlinTime(account.registeredAt),
  maskedMobile: maskMobile(account.mobile),
})
