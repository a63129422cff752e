import { create, type Font } from 'fontkit'
import type { Fonts } from './pen.ts'

/** Latin letters of Europe with their marks, which the fonts hold without a gap: nearly every name, told quickly. */
const surelyDrawn = /^[\u0020-\u007e\u00a0-\u00ac\u00ae-\u017f]*$/
const invisible = /^\p{Default_Ignorable_Code_Point}$/u

/** Brings a text to what the letter's fonts can draw; `null` when a letter of it can be replaced by nothing. */
export type ToPrintable = (text: string) => string | null

/**
 * Creates the rule for letters that the fonts lack: a mark without a glyph is left out and its letter stays, a variant becomes its plain
 * form (Unicode Standard Annex 15, NFD and NFKD), what nobody sees goes. Paper never shows a box in the place of a letter.
 */
export function createToPrintable({ regular, bold }: Fonts): ToPrintable {
  const fonts = [regular, bold].map((bytes) => create(bytes) as Font)
  const hasGlyph = (letter: string) => fonts.every((font) => font.hasGlyphForCodePoint(letter.codePointAt(0) ?? 0))
  const draws = (text: string) => [...text].every(hasGlyph)
  const replace = (letter: string): string | null => {
    if (invisible.test(letter)) return ''
    if (draws(letter)) return letter
    const [base = '', ...marks] = letter.normalize('NFD')
    if (marks.length > 0 && draws(base)) return [base, ...marks.filter(draws)].join('')
    const plain = letter.normalize('NFKD')
    if (plain !== letter && draws(plain)) return plain
    return /^\p{M}$/u.test(letter) ? '' : null
  }
  return (text) => {
    if (surelyDrawn.test(text)) return text
    const letters = [...text.normalize('NFC')].map(replace)
    return letters.includes(null) ? null : letters.join('') || null
  }
}
