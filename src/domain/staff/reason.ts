import { hasUnsafeCharacters } from '../input/unsafe-characters.ts'

/** Characters that a reason has at most; it stands in the audit log for years. */
export const longestReason = 300

/** Reads why something is done, as it was typed. */
export function parseReason(
  typed: string,
): { ok: true; value: string } | { ok: false; reason: 'missing' | 'too_long' } {
  const value = typed.trim().replace(/\s+/g, ' ')
  if (value.length < 3) return { ok: false, reason: 'missing' }
  if (value.length > longestReason || hasUnsafeCharacters(value)) return { ok: false, reason: 'too_long' }
  return { ok: true, value }
}
