import type { Facts, Finding, Rule } from './rule.ts'

const rings = ['COOKIE_KEYS', 'ENCRYPTION_KEYS', 'HASH_KEYS'] as const
const makeKey = 'make one with: npm run cli -- keys:new'
const makeSecret = 'make one with: openssl rand -hex 32'

/** A secret as it stands in the settings; `place` names it and never the secret. */
type Secret = { setting: string; place: string; bytes: Buffer; weak: boolean; mend: string }

/** Secrets are random, long, and each is used for one thing: who learns one learns no other. */
export const secretRule: Rule = (facts) => {
  const secrets = secretsOf(facts)
  const findings: Finding[] = secrets
    .filter(({ weak }) => weak)
    .map(({ setting, place, mend }) => ({ setting, fault: `${place} can be guessed; ${mend}` }))
  for (const [index, { setting, place, bytes, mend }] of secrets.entries()) {
    const other = secrets.slice(0, index).find((each) => each.bytes.equals(bytes))
    if (other) findings.push({ setting, fault: `${place} is the same secret as ${other.place}; ${mend}` })
  }
  return findings
}

function secretsOf({ environment, sms }: Facts): Secret[] {
  const keys = rings.flatMap((setting) =>
    (environment[setting] ?? []).map(({ kid, secret }) => ({
      ...{ setting, place: `${setting} (key ${kid})`, bytes: secret, weak: isWeakKey(secret), mend: makeKey },
    })),
  )
  const word = (setting: string, text: string): Secret => {
    // A word that is the text of a key, too, counts as that key.
    const decoded = Buffer.from(text, 'base64')
    const bytes = decoded.length === 32 ? decoded : Buffer.from(text)
    return { setting, place: setting, bytes, weak: isWeakWord(text), mend: makeSecret }
  }
  const bounces = environment.EMAIL_BOUNCE_SECRET ? [word('EMAIL_BOUNCE_SECRET', environment.EMAIL_BOUNCE_SECRET)] : []
  const receipts =
    sms?.driver === 'gateways'
      ? Object.entries(sms.gateways).flatMap(([name, gateway]) =>
          gateway.driver === 'http' && gateway.receipts
            ? [word(`gateways.${name}.receipts.authentication.secret`, gateway.receipts.authentication.secret)]
            : [],
        )
      : []
  return [...keys, ...bounces, ...receipts]
}

/**
 * Tells keys of 32 bytes that were not drawn at random: few different bytes, a repeated half, a sequence, or plain text. A random
 * one is taken for weak less than once in 10¹² times.
 */
export function isWeakKey(key: Buffer): boolean {
  const steps = [...key].slice(1).map((byte, index) => (byte - (key[index] ?? 0) + 256) % 256)
  return new Set(key).size <= 16 || new Set(steps).size <= 16 || key.every((byte) => byte >= 0x20 && byte < 0x7f)
}

const placeholder = /change.?me|replace.?me|example|placeholder|password|passwort|geheim|secret|beispiel/i

/** Tells secrets in text that can be guessed: short, of few characters, one piece again and again, a sequence, or a word that asks to be replaced. */
export function isWeakWord(word: string): boolean {
  const steps = [...word].slice(1).map((_, index) => word.charCodeAt(index + 1) - word.charCodeAt(index))
  const repeats = (word + word).indexOf(word, 1) < word.length
  return word.length < 16 || new Set(word).size < 8 || new Set(steps).size < 8 || repeats || placeholder.test(word)
}
