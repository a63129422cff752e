import { withoutSeparators } from '../input/separators.ts'
import { alternatingDigitSum } from './digit-sum.ts'

/** Kassenummer: the Institutionskennzeichen (IK) of an insurer, nine digits, the last a check digit. */
export type InsurerNumber = string & { readonly __brand: 'InsurerNumber' }

type InsurerNumberResult =
  | { ok: true; value: InsurerNumber }
  | { ok: false; reason: 'empty' | 'format' | 'check_digit' }

/** Reads a Kassenummer; blanks, dashes, dots and fullwidth forms are accepted (mission.md, "Check digits"). */
export function parseInsurerNumber(input: string): InsurerNumberResult {
  const text = withoutSeparators(input)
  if (text === '') return { ok: false, reason: 'empty' }
  if (!/^\d{9}$/.test(text)) return { ok: false, reason: 'format' }
  // Digits 3 to 8 with weights 2, 1, 2, 1, 2, 1: the first two say what kind of institution it is and do not count.
  if (alternatingDigitSum(text.slice(2, 8), 2) % 10 !== Number(text[8])) return { ok: false, reason: 'check_digit' }
  return { ok: true, value: text as InsurerNumber }
}
