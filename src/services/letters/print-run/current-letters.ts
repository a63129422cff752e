import type { CalendarDay } from '../../../domain/calendar.ts'
import { formOf } from '../../../domain/letters/purposes.ts'
import { decideContent } from '../letter-contents.ts'
import { addressHash, isAddress } from '../returned-mail.ts'
import type { Held } from './envelopes.ts'
import type { PrintDesk } from './settings.ts'

/**
 * Keeps what is drawn true to the register as it is read for it: imports go on while a run is filled and drawn, and a run that was
 * stopped is drawn later. What nobody would put into an envelope any more is taken out, as nobody writes to the dead; where the address
 * has changed, the letter is noted with the one that is printed, which returned mail is told by. Answers what is left.
 */
export async function keepCurrent(desk: PrintDesk, held: readonly Held[], postingDay: CalendarDay): Promise<Held[]> {
  const { runLetters } = desk.stores
  const current = held.filter((each) => isCurrent(desk, each, postingDay))
  const over = held.filter((each) => !current.includes(each))
  if (over.length > 0) await runLetters.withhold(over.map(({ letter }) => letter.id))
  for (const { letter, person } of current)
    if (!isAddress(desk.hash, letter.id, person.address, letter.addressHash ?? ''))
      await runLetters.readdress(letter.id, addressHash(desk.hash, letter.id, person.address))
  return current
}

/** Whether an account is active was decided with the number held: it stays as it was. */
function isCurrent(desk: PrintDesk, { letter, account, person }: Held, postingDay: CalendarDay): boolean {
  const known = { person, accountIsActive: formOf(desk.purposes, letter) === 'attempts' }
  return decideContent(desk, letter, account, known, postingDay) === letter.content
}
