import { parseInsuranceNumber } from '../register/insurance-number.ts'
import { parseLetterMark } from './letter-mark.ts'

/** Ids of letters from the first to the last that begin as it was typed; both the same when it is whole. */
export type LetterIdRange = { first: string; last: string }

const shortest = 8
const length = 32

/**
 * Reads the id of a letter as it comes from paper: the scan of its mark, or typed from its foot in any case, with or without
 * dashes, whole or its first characters (8 at least); `null` when it is none of these, or an insurance number, which can look alike.
 */
export function parseLetterId(given: string): LetterIdRange | null {
  if (parseInsuranceNumber(given).ok) return null
  const scanned = parseLetterMark(given)?.letterId
  const digits = (scanned ?? given).replace(/[\s-]/g, '').toLowerCase()
  if (!/^[0-9a-f]+$/.test(digits) || digits.length < shortest || digits.length > length) return null
  return { first: toUuid(digits.padEnd(length, '0')), last: toUuid(digits.padEnd(length, 'f')) }
}

const toUuid = (digits: string) => digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
