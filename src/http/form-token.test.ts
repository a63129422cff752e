import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createFormTokens } from './form-token.ts'

const [key, older] = [randomBytes(32), randomBytes(32)]
const start = Date.parse('2026-11-28T06:00:00Z')
let now = start
const tokens = createFormTokens([key, older], () => new Date(now))
const cookie = () => tokens.newCookie(randomBytes(8).toString('hex'))
const hours = (count: number) => count * 60 * 60 * 1000

describe('the token of a form', () => {
  it('belongs to the cookie that it was made for, however late', () => {
    now = start
    const [mine, other] = [cookie(), cookie()]
    const token = tokens.issue(mine)
    expect(tokens.issue(mine)).toBe(token)
    now = start + hours(500)
    expect(tokens.verify(token, mine)).toBe('browser')
    expect(tokens.verify(token, other)).toBe('refused')
  })

  it('counts as recent for a day without its cookie', () => {
    now = start
    const [overwritten, kept] = [cookie(), cookie()]
    const token = tokens.issue(overwritten)
    for (const [age, verdict] of [
      [0, 'recent'],
      [hours(23), 'recent'],
      [hours(24), 'refused'],
      [-hours(1), 'refused'],
    ] as const) {
      now = start + age
      expect(tokens.verify(token, kept), `after ${age} ms`).toBe(verdict)
      expect(tokens.verify(token, undefined), `after ${age} ms`).toBe(verdict)
    }
  })

  it('counts under an older key, and under no other', () => {
    now = start
    expect(tokens.verify(createFormTokens([older], () => new Date(now)).issue('0.c'), '0.c')).toBe('browser')
    expect(tokens.verify(createFormTokens([randomBytes(32)], () => new Date(now)).issue('0.c'), '0.c')).toBe('refused')
  })

  it('is refused when any part of it was changed', () => {
    now = start
    const mine = cookie()
    const parts = tokens.issue(mine).split('.')
    const changed = parts.map((_, place) =>
      parts
        .map((part, at) => (at === place ? `${part.slice(0, -1)}${part.endsWith('A') ? 'B' : 'A'}` : part))
        .join('.'),
    )
    for (const token of [...changed, '', '.', '..', '...', parts.slice(0, 2).join('.'), 'ä.ö.ü'])
      expect(tokens.verify(token, mine), token).toBe('refused')
  })
})
