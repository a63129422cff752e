import { isWeakKey, isWeakWord } from '../weak-secrets.ts'
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
