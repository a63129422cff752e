import { describe, expect, it } from 'vitest'
import { parseUsername } from './username.ts'

describe('parseUsername', () => {
  it.each([
    ['lena.huber', 'lena.huber'],
    ['  Lena.HUBER ', 'lena.huber'],
    ['a_b-', 'a_b-'],
    ['x'.repeat(64), 'x'.repeat(64)],
  ])('reads %j', (input, value) => {
    expect(parseUsername(input)).toEqual({ ok: true, value })
  })

  it.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['abc', 'too_short'],
    ['x'.repeat(65), 'too_long'],
    ['müller', 'characters'],
    ['lena huber', 'characters'],
    ['lena@huber', 'characters'],
    ['lena\u0000huber', 'characters'],
    // The Kelvin sign has the small letter k
    ['\u212aarl', 'characters'],
  ])('refuses %j: %s', (input, reason) => {
    expect(parseUsername(input)).toEqual({ ok: false, reason })
  })
})
