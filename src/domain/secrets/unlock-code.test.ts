import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createUnlockCode, formatUnlockCode, parseUnlockCode, unlockCodeCheckCharacter } from './unlock-code.ts'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const codes = fc.uint8Array({ minLength: 11, maxLength: 11 }).map((bytes) => createUnlockCode(() => bytes))

const replaceAt = (code: string, position: number, character: string) =>
  code.slice(0, position) + character + code.slice(position + 1)

describe('createUnlockCode', () => {
  it('makes 12 characters of the alphabet out of 11 random bytes', () => {
    const asked: number[] = []
    const code = createUnlockCode((length) => {
      asked.push(length)
      return randomBytes(length)
    })
    expect(asked).toEqual([11])
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{12}$/)
  })

  it('uses every character equally often', () => {
    const counts = new Map<string, number>()
    for (let byte = 0; byte < 256; byte++) {
      const first = createUnlockCode(() => new Uint8Array(11).fill(byte)).charAt(0)
      counts.set(first, (counts.get(first) ?? 0) + 1)
    }
    expect([...counts.keys()].sort().join('')).toBe(alphabet)
    expect(new Set(counts.values())).toEqual(new Set([8]))
  })

  it('makes codes that are read back, formatted or not', () => {
    fc.assert(
      fc.property(codes, (code) => {
        expect(parseUnlockCode(code)).toEqual({ ok: true, value: code })
        expect(parseUnlockCode(formatUnlockCode(code))).toEqual({ ok: true, value: code })
        expect(formatUnlockCode(code)).toMatch(/^.{4}-.{4}-.{4}$/)
      }),
    )
  })
})

describe('the check character', () => {
  it('stays the same for codes that are already in the post', () => {
    expect(unlockCodeCheckCharacter('00000000000')).toBe('0')
    expect(unlockCodeCheckCharacter('00000000001')).toBe('2')
    expect(unlockCodeCheckCharacter('7K3M9QZT4W1')).toBe('5')
  })

  it('catches every single wrong character', () => {
    fc.assert(
      fc.property(codes, (code) => {
        for (let position = 0; position < 12; position++)
          for (const character of alphabet)
            if (character !== code[position])
              expect(parseUnlockCode(replaceAt(code, position, character))).toEqual({
                ok: false,
                reason: 'check_character',
              })
      }),
    )
  })

  it('catches every swap of neighbours, and of any other two', () => {
    fc.assert(
      fc.property(codes, (code) => {
        for (let one = 0; one < 12; one++)
          for (let other = one + 1; other < 12; other++) {
            const swapped = replaceAt(replaceAt(code, one, code.charAt(other)), other, code.charAt(one))
            if (swapped !== code) expect(parseUnlockCode(swapped)).toEqual({ ok: false, reason: 'check_character' })
          }
      }),
    )
  })

  it('catches every swap of two symbols at every pair of neighbours', () => {
    const base = '7K3M9QZT4W1'
    for (let position = 0; position < 10; position++)
      for (const one of alphabet)
        for (const other of alphabet) {
          if (one === other) continue
          const first = replaceAt(replaceAt(base, position, one), position + 1, other)
          const second = replaceAt(replaceAt(base, position, other), position + 1, one)
          expect(unlockCodeCheckCharacter(first)).not.toBe(unlockCodeCheckCharacter(second))
        }
  })
})

describe('parseUnlockCode', () => {
  const value = `10K3M9QZT4W${unlockCodeCheckCharacter('10K3M9QZT4W')}`
  const groups = [value.slice(0, 4), value.slice(4, 8), value.slice(8)]

  it.each([
    ['lower case', value.toLowerCase()],
    ['blanks', ` ${groups.join(' ')}\u00a0`],
    ['dashes of several kinds', `${groups[0]}\u2013${groups[1]}\u2212${groups[2]}`],
    ['hyphens that do not break', groups.join('\u2011')],
    ['fullwidth forms', [...value].map((c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)).join('')],
    ['O for 0', value.replaceAll('0', 'O')],
    ['a small o for 0', value.replaceAll('0', 'o')],
    ['I for 1', value.replaceAll('1', 'I')],
    ['a small l for 1', value.replaceAll('1', 'l')],
    ['invisible characters', `\u200b${value}\ufeff`],
  ])('accepts %s', (_name, input) => {
    expect(parseUnlockCode(input)).toEqual({ ok: true, value })
  })

  it.each([
    ['', 'empty'],
    [' - – ', 'empty'],
    [value.slice(1), 'format'],
    [`${value}0`, 'format'],
    [value.replace('K', 'U'), 'format'],
    [value.replace('K', 'Ä'), 'format'],
    [value.replace('K', 'N'), 'check_character'],
  ])('refuses %j: %s', (input, reason) => {
    expect(parseUnlockCode(input)).toEqual({ ok: false, reason })
  })
})
