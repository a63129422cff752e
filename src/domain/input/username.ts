type UsernameResult =
  | { ok: true; value: string }
  | { ok: false; reason: 'empty' | 'too_short' | 'too_long' | 'characters' }

const length = { min: 4, max: 64 }

/**
 * Reads a user name: 4 to 64 characters `a–z 0–9 . _ -` in any case, outer blanks ignored; the value is in lower case
 * (contract.md, "Pages of the member").
 */
export function parseUsername(input: string): UsernameResult {
  const text = input.trim()
  if (text === '') return { ok: false, reason: 'empty' }
  // Before the change of case: some letters outside ASCII, such as the Kelvin sign, have a small letter inside it.
  if (!/^[A-Za-z0-9._-]+$/.test(text)) return { ok: false, reason: 'characters' }
  if (text.length < length.min) return { ok: false, reason: 'too_short' }
  if (text.length > length.max) return { ok: false, reason: 'too_long' }
  return { ok: true, value: text.toLowerCase() }
}
