import { hasBidiMarks, hasUnsafeCharacters } from '../input/unsafe-characters.ts'

/** Characters that the name of a passkey has at most. */
const longestPasskeyName = 40

/** Passkeys that one person has at most. */
export const mostPasskeys = 10

/** Reads the name that somebody gives a passkey, to know it again. */
export function parsePasskeyName(
  typed: string,
): { ok: true; value: string } | { ok: false; reason: 'missing' | 'unreadable' } {
  const value = typed.trim().replace(/\s+/g, ' ')
  if (value === '') return { ok: false, reason: 'missing' }
  if ([...value].length > longestPasskeyName || hasUnsafeCharacters(value) || hasBidiMarks(value))
    return { ok: false, reason: 'unreadable' }
  return { ok: true, value }
}
