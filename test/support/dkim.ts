import { createHash, createVerify, type KeyObject } from 'node:crypto'

/** Verifies the DKIM signature of a raw e-mail with `relaxed/relaxed` and RSA (RFC 6376, 3.4 and 6.1); answers its tags. */
export function verifyDkim(email: string, key: KeyObject): { valid: boolean; tags: Record<string, string> } {
  const end = email.indexOf('\r\n\r\n')
  const headers = email.slice(0, end).split(/\r\n(?![ \t])/)
  const given = headers.find((header) => /^dkim-signature:/i.test(header)) ?? ''
  const tags = Object.fromEntries(
    given
      .slice(given.indexOf(':') + 1)
      .split(';')
      .map((tag) => tag.trim().split(/=(.*)/s))
      .map(([name = '', value = '']) => [name.trim(), value.replace(/\s+/g, '')]),
  )
  const lines = email.slice(end + 4).split('\r\n')
  const body = lines.map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, '')).join('\r\n')
  const hash = createHash('sha256')
    .update(`${body.replace(/(\r\n)*$/, '')}\r\n`)
    .digest('base64')
  const relaxed = (header: string) => {
    const [name = '', value = ''] = header.split(/:(.*)/s)
    return `${name.toLowerCase().trim()}:${value
      .replace(/\r\n/g, '')
      .replace(/[ \t]+/g, ' ')
      .trim()}`
  }
  const named = (tags.h ?? '')
    .split(':')
    .map((name) => headers.filter((each) => each.toLowerCase().startsWith(`${name}:`)).at(-1))
  const signed = named.flatMap((header) => (header ? [`${relaxed(header)}\r\n`] : [])).join('')
  const own = relaxed(given.replace(/(;\s*b=)[^;]*$/s, '$1'))
  const verify = createVerify('sha256').update(signed + own)
  return { valid: hash === tags.bh && verify.verify(key, tags.b ?? '', 'base64'), tags }
}
