import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkSecurityAnswer, normaliseSecurityAnswer } from './text-input.ts'

describe('normaliseSecurityAnswer', () => {
  it.each([
    [' Bad  Tölz ', 'BADTÖLZ'],
    ['Hauptstraße', 'hauptstrasse'],
    ['HAUPTSTRAẞE', 'hauptstrasse'],
    ['Ｒｅｘ', 'rex'],
    ['Mu\u0308nchen', 'München'],
    ['ﬁffi', 'fiffi'],
    ['ΟΔΥΣΣΕΥΣ', 'οδυσσευς'],
  ])('makes %j and %j the same', (one, other) => {
    expect(normaliseSecurityAnswer(one)).toBe(normaliseSecurityAnswer(other))
  })

  it('keeps different answers different', () => {
    expect(normaliseSecurityAnswer('Rex')).not.toBe(normaliseSecurityAnswer('Max'))
    expect(normaliseSecurityAnswer('Müller')).not.toBe(normaliseSecurityAnswer('Muller'))
  })

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const once = normaliseSecurityAnswer(text)
        expect(normaliseSecurityAnswer(once)).toBe(once)
      }),
    )
  })
})

describe('checkSecurityAnswer', () => {
  const context = { question: 'Wie hieß Ihr erstes Haustier?', names: ['Lena', 'Huber', 'lena.huber'] }

  it.each([
    [' Bello ', 'bello'],
    ['Max', 'max'],
    ['Großer Bär', 'grosserbär'],
  ])('accepts %j', (answer, value) => {
    expect(checkSecurityAnswer(answer, context)).toEqual({ ok: true, value })
  })

  it.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['a b', 'too_short'],
    ['🦊🦊', 'too_short'],
    ['x'.repeat(101), 'too_long'],
    ['x'.repeat(1_000_000), 'too_long'],
    ['Haustier', 'part_of_question'],
    ['HIESS', 'part_of_question'],
    ['Lena', 'part_of_name'],
    ['huber', 'part_of_name'],
    ['lena.h', 'part_of_name'],
    ['Bel\u0000lo', 'control_characters'],
    ['Bel\u202elo', 'control_characters'],
  ])('refuses %j: %s', (answer, reason) => {
    expect(checkSecurityAnswer(answer, context)).toEqual({ ok: false, reason })
  })

  it.each([
    '\u0000',
    '\t',
    '\n',
    '\u007f',
    '\u0085',
    '\u2028',
    '\u061c',
    '\u200e',
    '\u200f',
    '\u202a',
    '\u202e',
    '\u2066',
    '\u2069',
    '\ud800',
    '\udc00',
  ])('refuses %j within it', (character) => {
    expect(checkSecurityAnswer(`Bello${character}Fox`, context)).toEqual({ ok: false, reason: 'control_characters' })
  })

  it('finds both names together, whichever comes first', () => {
    for (const answer of ['Lena Huber', 'Huber Lena'])
      expect(checkSecurityAnswer(answer, { question: '', names: ['Lena', 'Huber'] })).toMatchObject({
        reason: 'part_of_name',
      })
  })

  it('needs no names', () => {
    expect(checkSecurityAnswer('Bello', { question: '', names: [] })).toEqual({ ok: true, value: 'bello' })
  })
})
