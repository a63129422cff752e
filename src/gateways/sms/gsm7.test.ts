import { expect, it } from 'vitest'
import { cutToSeptets, septetsOf, toGsm7 } from './gsm7.ts'

it('counts the characters of the extension twice', () => {
  expect(septetsOf('AÄ@ß\n')).toBe(5)
  expect(septetsOf('^{}\\[~]|€')).toBe(18)
  expect(septetsOf('a`')).toBeUndefined()
  expect(septetsOf('ç')).toBeUndefined()
})

it('replaces what the alphabet lacks', () => {
  expect(toGsm7('Świętą – „Ruhe“ …')).toBe('Swieta - "Ruhe" ...')
  expect(toGsm7('日🏃`ﬁ')).toBe('???fi')
  expect(toGsm7('a\u0308 € [x]')).toBe('ä € [x]')
})

it('cuts by septets and never through a character', () => {
  expect(cutToSeptets('ab€d', 4)).toBe('ab€')
  expect(cutToSeptets('ab€d', 3)).toBe('ab')
  expect(cutToSeptets('ab cd', 3)).toBe('ab')
  expect(cutToSeptets('abc', 0)).toBe('')
  expect(cutToSeptets('abc', -5)).toBe('')
})
