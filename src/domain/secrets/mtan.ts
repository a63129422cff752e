import { withoutSeparators } from '../input/separators.ts'

type MtanResult = { ok: true; value: string } | { ok: false; reason: 'empty' | 'format' }

/** Draws an mTAN of 6 digits; `randomInt(max)` gives an unbiased whole number from 0 to `max` - 1 (security.md, "mTAN"). */
export function createMtan(randomInt: (max: number) => number): string {
  return String(randomInt(1_000_000)).padStart(6, '0')
}

/** Reads an mTAN as people type it: blanks, dashes and fullwidth digits are accepted. */
export function parseMtan(input: string): MtanResult {
  const text = withoutSeparators(input)
  if (text === '') return { ok: false, reason: 'empty' }
  return /^\d{6}$/.test(text) ? { ok: true, value: text } : { ok: false, reason: 'format' }
}

/**
 * Says how many seconds after the `sentCount`th mTAN of a journey the next may be asked for; the last of `delays`
 * (seconds) stays for all further ones. Nothing sent yet: at once (security.md, "mTAN sending").
 */
export function resendDelaySeconds(sentCount: number, delays: readonly number[]): number {
  if (sentCount < 1) return 0
  return delays[Math.min(sentCount, delays.length) - 1] ?? 0
}
