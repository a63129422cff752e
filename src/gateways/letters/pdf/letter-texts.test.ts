import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fillText, germanDate, parseLetterTexts } from './letter-texts.ts'

const source = readFileSync(new URL('../../../../config/letters/de.yaml', import.meta.url), 'utf8')

describe('letter texts', () => {
  it('accepts the shipped texts and refuses a misspelt placeholder, an open ** and a missing entry', () => {
    expect(parseLetterTexts(source).unlock_code.steps).toHaveLength(4)
    expect(() => parseLetterTexts(source.replace('{{lastDay}}', '{{lastday}}'))).toThrow('{{lastday}}')
    expect(() => parseLetterTexts(source.replace('{{lastDay}}**', '{{lastDay}}'))).toThrow('not closed')
    expect(() => parseLetterTexts(source.replace('closing:', 'ending:'))).toThrow('closing')
  })

  it('fills values in and never leaves a gap', () => {
    expect(fillText('Brief {{id}}', { id: 'L-1' })).toBe('Brief L-1')
    expect(() => fillText('Bis {{lastDay}}', { id: 'L-1' })).toThrow('{{lastDay}}')
  })

  it('writes days in German, whatever the time zone', () => {
    expect(germanDate('2027-03-12')).toBe('12. März 2027')
    expect(germanDate('2027-01-01')).toBe('1. Januar 2027')
    expect(() => germanDate('12.03.2027')).toThrow(RangeError)
  })
})
