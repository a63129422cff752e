import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isAuthentic, type WebhookAuthentication } from './signed-webhook.ts'

const now = new Date('2026-11-25T09:00:00Z')
const seconds = (shift = 0) => String(now.getTime() / 1000 + shift)
const body = Buffer.from('{"id":"M1"}')
const hmac = {
  type: 'hmac',
  secret: 'secret',
  header: 'X-Signature',
  timestampHeader: 'X-Timestamp',
  algorithm: 'sha256',
  encoding: 'hex',
  prefix: '',
  maxAge: 300,
} satisfies WebhookAuthentication
const sign = (timestamp: string, secret = 'secret', algorithm = 'sha256', encoding: 'hex' | 'base64' = 'hex') =>
  createHmac(algorithm, secret).update(`${timestamp}.`).update(body).digest(encoding)
const call = (timestamp: string, signature: string) => ({ 'x-signature': signature, 'x-timestamp': timestamp })

describe('a signed call', () => {
  it.each([
    ['in seconds', hmac, call(seconds(), sign(seconds()))],
    ['in milliseconds', hmac, call(`${seconds()}000`, sign(`${seconds()}000`))],
    ['at the edge of its age', hmac, call(seconds(-300), sign(seconds(-300)))],
    ['with a word before it', { ...hmac, prefix: 'v1=' }, call(seconds(), `v1=${sign(seconds())}`)],
    [
      'by another algorithm',
      { ...hmac, algorithm: 'sha512', encoding: 'base64' } as const,
      call(seconds(), sign(seconds(), 'secret', 'sha512', 'base64')),
    ],
  ])('is taken (%s)', (_, authentication, headers) => {
    expect(isAuthentic(authentication, headers, body, now)).toBe(true)
  })

  it.each([
    ['another secret', call(seconds(), sign(seconds(), 'other'))],
    ['another timestamp than the signed one', call(seconds(1), sign(seconds()))],
    ['a replay', call(seconds(-301), sign(seconds(-301)))],
    ['a time to come', call(seconds(301), sign(seconds(301)))],
    ['no signature', { 'x-timestamp': seconds() }],
    ['no timestamp', { 'x-signature': sign('') }],
    ['a timestamp that is none', call('soon', sign('soon'))],
    ['an empty signature', call(seconds(), '')],
  ])('is refused for %s', (_, headers) => {
    expect(isAuthentic(hmac, headers, body, now)).toBe(false)
  })

  it('is refused when its body was changed', () => {
    expect(isAuthentic(hmac, call(seconds(), sign(seconds())), Buffer.from('{"id":"M2"}'), now)).toBe(false)
  })
})

it('a token is taken when it is the secret, and only then', () => {
  const token = { type: 'token', secret: 'secret', header: 'X-Token' } as const
  expect(isAuthentic(token, { 'x-token': 'secret' }, body, now)).toBe(true)
  for (const given of ['', 'secre', 'secret ', 'Secret'])
    expect(isAuthentic(token, { 'x-token': given }, body, now)).toBe(false)
  expect(isAuthentic(token, {}, body, now)).toBe(false)
})
