import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createCommonPasswordCheck } from './common-passwords.ts'

const file = new URL('../../../config/common-passwords.txt', import.meta.url)
const lines = readFileSync(file, 'utf8').split('\n')
const isCommon = createCommonPasswordCheck(lines)

describe('createCommonPasswordCheck', () => {
  it.each([
    'passwort',
    'Passwort123!',
    'PASSWORT2026!!',
    'p@ssw0rt1234',
    'Pa$$w0rd99',
    '123passwort',
    'Hallo2026!?',
    'hallo1234567',
    'hallohallo',
    'SommerSommer',
    'qwertzuiop',
    'Qwertzuiop1!',
    '1234567890',
    'asdfghjklö',
    'FCBayern1900',
    'Schalke04!!',
    'MeineAOK2026',
    'Gesundheit1!',
    'iloveyou2',
  ])('knows %s', (password) => {
    expect(isCommon(password)).toBe(true)
  })

  it.each(['aaaaaaaaaaaa', 'abcabcabcabc', '1212121212', 'abcdefghijkl', 'zyxwvutsrq', '          '])(
    'needs no list for %j',
    (password) => {
      expect(createCommonPasswordCheck([])(password)).toBe(true)
    },
  )

  it.each([
    'Wiesengrund-7-Almhuette',
    'korrekt pferd batterie',
    'xK9#pQ2!vLm7$',
    '4839201746',
    'mein passwort ist lang genug',
  ])('lets %s pass', (password) => {
    expect(isCommon(password)).toBe(false)
  })

  it('takes no remarks and empty lines for passwords', () => {
    const check = createCommonPasswordCheck(['# kommentarzeile', '', 'sonnenschein\r'])
    expect(check('# kommentarzeile')).toBe(false)
    expect(check('Sonnenschein7')).toBe(true)
  })
})

describe('config/common-passwords.txt', () => {
  const entries = lines.filter((line) => line !== '' && !line.startsWith('#'))

  it('lists each password once, in small letters, none shorter than 8 characters', () => {
    expect(entries.length).toBeGreaterThan(300)
    expect(new Set(entries).size).toBe(entries.length)
    expect(
      entries.filter((entry) => entry !== entry.toLowerCase() || [...entry].length < 8 || /\s/.test(entry)),
    ).toEqual([])
  })

  it('refuses every one of them', () => {
    expect(entries.filter((entry) => !isCommon(entry))).toEqual([])
  })
})
