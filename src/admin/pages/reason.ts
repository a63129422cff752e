import { hasUnsafeCharacters } from '../../domain/input/unsafe-characters.ts'

/** Characters that a reason has at most; it stands in the audit log for years. */
const longest = 300

/** Reads why something is done, from the field `reason`; the form says that no personal data belongs into it. */
export function readReason({
  reason = '',
}: Record<string, string>): { ok: true; value: string } | { ok: false; key: string } {
  const value = reason.trim().replace(/\s+/g, ' ')
  if (value.length < 3) return { ok: false, key: 'console.reason.missing' }
  if (value.length > longest || hasUnsafeCharacters(value)) return { ok: false, key: 'console.reason.tooLong' }
  return { ok: true, value }
}
