import { describe, expect, it } from 'vitest'
import { glue, layOut, toSegments } from './rich-text.ts'

/** Every letter is one point wide. */
const measure = (text: string) => text.length
const lay = (template: string, width: number, values = {}) =>
  layOut(toSegments(template, glue(values)), width, measure).map((line) => line.map(({ text }) => text).join('|'))

describe('laying out text', () => {
  it('breaks between words and keeps weights apart', () => {
    expect(lay('Bis **12. Mai** gültig.', 100)).toEqual(['Bis |12. Mai| gültig.'])
    expect(lay('eins zwei drei', 9)).toEqual(['eins zwei', 'drei'])
    expect(layOut(toSegments('ab **cd**', {}), 10, measure)[0]).toEqual([
      { text: 'ab ', bold: false, x: 0 },
      { text: 'cd', bold: true, x: 3 },
    ])
  })

  it('never breaks within a date, and draws plain blanks', () => {
    expect(lay('Gültig bis {{lastDay}}.', 16, { lastDay: '11. April 2027' })).toEqual(['Gültig bis', '11. April 2027.'])
  })

  it('takes stars in a value as stars', () => {
    expect(lay('**{{maskedMobile}}**', 40, { maskedMobile: '+49 **** 71' })).toEqual(['+49 **** 71'])
  })

  it('breaks what is wider than the line, at blanks first, and loses nothing', () => {
    expect(lay('{{name}}', 10, { name: 'Anna Maria von Thal' })).toEqual(['Anna Maria', 'von Thal'])
    expect(lay('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij'])
  })
})
