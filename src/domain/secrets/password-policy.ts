import { withoutSeparators } from '../input/separators.ts'
import { hasUnsafeCharacters } from '../input/unsafe-characters.ts'

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
