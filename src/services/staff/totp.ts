import { Secret, TOTP } from 'otpauth'

/** Seconds of a time step, and how many steps a clock may be off (RFC 6238 § 5.2). */
const period = 30
const window = 1

const totpOf = (secret: string, label = '', issuer = '') =>
  new TOTP({ issuer, label, algorithm: 'SHA1', digits: 6, period, secret: Secret.fromBase32(secret) })

/** Makes a secret of 160 bits in base32 (RFC 4226 § 4, R6) from random bytes. */
export const totpSecretOf = (bytes: Uint8Array): string => new Secret({ buffer: bytes.slice().buffer }).base32

/** Whether a text is a secret as `totpSecretOf` writes it. */
export const isTotpSecret = (text: string): boolean => /^[A-Z2-7]{32}$/.test(text)

/** The address that authenticator apps read from a QR code. */
export const totpUri = (secret: string, { email, issuer }: { email: string; issuer: string }): string =>
  totpOf(secret, email, issuer).toString()

/** The time step that a code belongs to, or null when it fits none of those around `now`. */
export function totpStep(secret: string, code: string, now: Date): number | null {
  const digits = code.replace(/[\s-]/g, '')
  if (!/^\d{6}$/.test(digits)) return null
  const delta = totpOf(secret).validate({ token: digits, timestamp: now.getTime(), window })
  return delta === null ? null : Math.floor(now.getTime() / 1000 / period) + delta
}
