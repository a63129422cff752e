import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** How long a token counts in a browser that has proven where the form came from, in milliseconds. */
const lifetime = 24 * 60 * 60 * 1000
/** Clocks of several machines differ a little. */
const skew = 5 * 60 * 1000

/** `browser`: made for this browser's cookie. `recent`: for a cookie that we made within a day and that is not here. */
export type TokenVerdict = 'browser' | 'recent' | 'refused'

/**
 * Creates the tokens of forms (OWASP CSRF cheat sheet, signed double submit): the time at which the browser's cookie was made,
 * its digest, and a keyed hash over both, the same on every page. `secrets`: newest first; the first signs, all verify.
 */
export function createFormTokens(secrets: readonly Buffer[], now: () => Date) {
  const sign = (secret: Buffer, body: string) =>
    createHmac('sha256', secret).update(`csrf\0${body}`).digest('base64url')
  return {
    /** Value of a cookie for a browser that has none; `random` is what nobody can guess. */
    newCookie: (random: string) => `${now().getTime().toString(36)}.${random}`,
    issue(cookie: string): string {
      const body = `${cookie.split('.')[0]}.${digestOf(cookie)}`
      return `${body}.${sign(secrets[0] as Buffer, body)}`
    },
    verify(token: string, cookie: string | undefined): TokenVerdict {
      const [issued = '', digest = '', signature = ''] = token.split('.')
      const given = Buffer.from(signature)
      const fits = (expected: string) =>
        given.length === expected.length && timingSafeEqual(given, Buffer.from(expected))
      if (!secrets.some((secret) => fits(sign(secret, `${issued}.${digest}`)))) return 'refused'
      if (cookie !== undefined && digest === digestOf(cookie)) return 'browser'
      const age = now().getTime() - Number.parseInt(issued, 36)
      return age > -skew && age < lifetime ? 'recent' : 'refused'
    },
  }
}

const digestOf = (cookie: string) => createHash('sha256').update(cookie).digest('base64url').slice(0, 22)
