import { parseReason } from '../../domain/staff/reason.ts'

/** Reads why something is done, from the field `reason`; the form says that no personal data belongs into it. */
export function readReason({
  reason = '',
}: Record<string, string>): { ok: true; value: string } | { ok: false; key: string } {
  const read = parseReason(reason)
  return read.ok ? read : { ok: false, key: `console.reason.${read.reason === 'missing' ? 'missing' : 'tooLong'}` }
}
