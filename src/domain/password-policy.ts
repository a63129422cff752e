import { withoutSeparators } from './separators.ts'
import { hasUnsafeCharacters } from './unsafe-characters.ts'

type PasswordResult =
  | { ok: true /** in NFC, as it is hashed */; value: string }
  | {
      ok: false
      reason: 'empty' | 'too_short' | 'too_long' | 'common' | 'contains_personal' | 'control_characters'
    }

/** What the person has entered besides the password; parts that are missing are not looked for. */
type PasswordContext = {
  username?: string | undefined
  insuranceNumber?: string | undefined
  email?: string | undefined
}

/** Fewest and most characters, in Unicode code points after NFC. */
type PasswordLength = { min: number; max: number }

const defaultLength: PasswordLength = { min: 10, max: 128 }

/** Shorter parts occur in ordinary words by chance. */
const shortestPersonalPart = 4

/**
 * Checks a new password: its length, and that it is neither common nor made of what the person has entered besides.
 * There are no rules about kinds of characters (security.md, "password"; NIST SP 800-63B-4 § 3.1.1.2).
 */
export function checkPassword(
  password: string,
  context: PasswordContext,
  isCommon: (password: string) => boolean,
  length: PasswordLength = defaultLength,
): PasswordResult {
  if (password === '') return { ok: false, reason: 'empty' }
  // Measured first, so that nothing else runs over an endless text.
  if (password.length > length.max * 8) return { ok: false, reason: 'too_long' }
  if (hasUnsafeCharacters(password)) return { ok: false, reason: 'control_characters' }
  const value = password.normalize('NFC')
  const count = [...value].length
  if (count > length.max) return { ok: false, reason: 'too_long' }
  if (count < length.min) return { ok: false, reason: 'too_short' }
  if (containsPersonal(value, context)) return { ok: false, reason: 'contains_personal' }
  if (isCommon(value)) return { ok: false, reason: 'common' }
  return { ok: true, value }
}

function containsPersonal(password: string, { username, insuranceNumber, email }: PasswordContext): boolean {
  const address = email?.trim() ?? ''
  const parts = [username?.trim() ?? '', address, address.slice(0, Math.max(0, address.lastIndexOf('@')))]
  const plain = password.toLowerCase()
  const number = withoutSeparators(insuranceNumber ?? '').toLowerCase()
  return (
    parts.some((part) => isLongEnough(part) && plain.includes(part.normalize('NFC').toLowerCase())) ||
    (isLongEnough(number) && withoutSeparators(plain).includes(number))
  )
}

const isLongEnough = (part: string) => [...part].length >= shortestPersonalPart

/** Bits from which on the next step of the strength begins. */
const strengthSteps = [25, 38, 52, 68]

/**
 * Estimates how hard a password is to guess, for a meter that helps: 0 (very weak) to 4 (very strong). It counts
 * words, repetitions and runs as less than free characters; it is an aid and decides nothing.
 */
export function passwordStrength(password: string): 0 | 1 | 2 | 3 | 4 {
  const value = password.normalize('NFC').slice(0, 1024)
  const bits = estimateBits(value)
  const strength = strengthSteps.filter((step) => bits >= step).length as 0 | 1 | 2 | 3 | 4
  return [...value].length < defaultLength.min && strength > 1 ? 1 : strength
}

function estimateBits(value: string): number {
  const free = Math.log2(alphabetSize(value))
  const seen = new Map<string, number>()
  let bits = 0
  let before: number | undefined
  for (const part of value.match(/\p{L}{3,}|[\s\S]/gu) ?? []) {
    const isWord = part.length > 2
    for (const character of part) {
      const code = character.toLowerCase().codePointAt(0) ?? 0
      const isRun = before !== undefined && Math.abs(code - before) <= 1
      const repeats = seen.get(character) ?? 0
      seen.set(character, repeats + 1)
      // About 2.6 bits is what a letter within a word is worth.
      const worth = isWord ? Math.min(2.6, free) : free
      bits += isRun ? 0.5 : repeats > 2 ? worth / 2 : worth
      before = code
    }
  }
  return bits
}

function alphabetSize(value: string): number {
  const kinds: [RegExp, number][] = [
    [/\p{Ll}/u, 26],
    [/\p{Lu}/u, 26],
    [/\d/, 10],
    [/[^\p{L}\d]/u, 20],
  ]
  return kinds.reduce((size, [kind, characters]) => size + (kind.test(value) ? characters : 0), 1)
}
