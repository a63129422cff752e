import { withoutSeparators } from '../input/separators.ts'
import { alternatingDigitSum } from './digit-sum.ts'

/** Versichertennummer: the unchangeable part of the KVNR, a capital letter and nine digits, the last a check digit. */
export type InsuranceNumber = string & { readonly __brand: 'InsuranceNumber' }

type InsuranceNumberResult =
  | { ok: true; value: InsuranceNumber }
  | { ok: false; reason: 'empty' | 'format' | 'check_digit' }

/**
 * The long number of 20 or 30 characters (§ 290 SGB V): insurance number, insurer number, for family members the
 * main insured person's number, and a check digit over the whole, which some systems leave out. Others put the
 * insurer number in front.
 */
const longNumber = /^(?:\d{9})?([A-Z]\d{9})(?:\d{9}(?:[A-Z]\d{9})?\d?)?$/

/**
 * Reads a Versichertennummer as people type or paste it: any case, fullwidth forms, blanks, dashes, dots, alone or
 * cut from the long number of the card (mission.md, "Check digits"; § 290 SGB V).
 */
export function parseInsuranceNumber(input: string): InsuranceNumberResult {
  const text = withoutSeparators(input).toUpperCase()
  if (text === '') return { ok: false, reason: 'empty' }
  const number = longNumber.exec(text)?.[1]
  if (!number) return { ok: false, reason: 'format' }
  if (insuranceNumberCheckDigit(number.slice(0, 9)) !== Number(number[9])) return { ok: false, reason: 'check_digit' }
  return { ok: true, value: number as InsuranceNumber }
}

/**
 * Computes the tenth character from the first nine (capital letter, eight digits): the letter becomes two digits,
 * weights 1, 2, 1, 2, …, digit sums added, modulo 10 (mission.md, "Check digits").
 */
export function insuranceNumberCheckDigit(first9: string): number {
  const letter = String(first9.charCodeAt(0) - 64).padStart(2, '0')
  return alternatingDigitSum(letter + first9.slice(1), 1) % 10
}
