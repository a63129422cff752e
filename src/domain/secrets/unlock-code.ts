import { withoutSeparators } from '../input/separators.ts'

/** Freischaltcode: 12 characters of Crockford Base32 without dashes, 11 random ones and a check character. */
export type UnlockCode = string & { readonly __brand: 'UnlockCode' }

type UnlockCodeResult = { ok: true; value: UnlockCode } | { ok: false; reason: 'empty' | 'format' | 'check_character' }

/** Crockford's Base32: no I, L, O, U. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const randomCharacters = 11

/** Draws a new code; `randomBytes` gives cryptographic random bytes (security.md, "unlock code": 55 random bits). */
export function createUnlockCode(randomBytes: (length: number) => Uint8Array): UnlockCode {
  // 256 is a multiple of 32: the lower five bits of a byte are without bias.
  const first11 = [...randomBytes(randomCharacters)].map((byte) => alphabet[byte & 31]).join('')
  return (first11 + unlockCodeCheckCharacter(first11)) as UnlockCode
}

/**
 * Reads a code as people type it: any case, blanks, all kinds of dashes, fullwidth forms, O for 0, I and L for 1.
 * `check_character` means a typing error, which costs no attempt (security.md, "unlock code").
 */
export function parseUnlockCode(input: string): UnlockCodeResult {
  const text = withoutSeparators(input).toUpperCase().replace(/O/g, '0').replace(/[IL]/g, '1')
  if (text === '') return { ok: false, reason: 'empty' }
  if (!/^[0-9A-HJKMNP-TV-Z]{12}$/.test(text)) return { ok: false, reason: 'format' }
  const first11 = text.slice(0, randomCharacters)
  if (unlockCodeCheckCharacter(first11) !== text.slice(randomCharacters))
    return { ok: false, reason: 'check_character' }
  return { ok: true, value: text as UnlockCode }
}

/** What the keyed hash of an unlock code is bound to: its letter. A code works for its own registration only. */
export const unlockCodeBinding = (letterId: string) => `unlock_code:${letterId}`

/** Shows a code as it stands in the letter: `XXXX-XXXX-XXXX`. */
export function formatUnlockCode(code: UnlockCode): string {
  return `${code.slice(0, 4)}-${code.slice(4, 8)}-${code.slice(8)}`
}

/**
 * Computes the check character of 11 characters of the alphabet. With it, the sum of aⁱ·xᵢ over the field GF(32) is
 * zero, a being an element whose first 31 powers differ and xᵢ the characters from the right. A single wrong
 * character changes one term, and swapped ones change the sum by (aⁱ + aʲ)·(x + y): never zero, so both are caught.
 */
export function unlockCodeCheckCharacter(first11: string): string {
  let sum = 0
  for (const character of first11) sum = timesGenerator(sum ^ alphabet.indexOf(character))
  return alphabet.charAt(sum)
}

/** Multiplies by a = x in GF(32) = GF(2)[x] / (x⁵ + x² + 1), a primitive polynomial: adding is exclusive or. */
function timesGenerator(element: number): number {
  const doubled = element << 1
  return doubled & 32 ? doubled ^ 0b100101 : doubled
}
