import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { splitLine } from './member-file.ts'

const characters = fc.constantFrom('a', 'ß', '𝄞', ' ', '\t', ';', ',', "'", '\\', '\u2028', '\ufeff', '0')
const lines = fc.string({ unit: characters, minLength: 1 }).filter((text) => text.trim() !== '')

it.each([';', ','])('splits a line without quotes as csv-parse does, at %s', (delimiter) => {
  fc.assert(
    fc.property(lines, (text) => {
      expect(splitLine(text, delimiter)).toEqual(parse(text, { delimiter, relax_column_count: true })[0])
    }),
    { numRuns: 2000 },
  )
})

it('leaves quotes to csv-parse', () => {
  expect(splitLine('"a;b";"say ""ah"""', ';')).toEqual(['a;b', 'say "ah"'])
  expect(splitLine('"a;b', ';')).toBeUndefined()
})
