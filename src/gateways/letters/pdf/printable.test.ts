import { create, type Font } from 'fontkit'
import { describe, expect, it } from 'vitest'
import { loadFonts } from './pen.ts'
import { createToPrintable } from './printable.ts'

const fonts = loadFonts()
const toPrintable = createToPrintable(fonts)

describe('what paper shows of a text', () => {
  it('finds a glyph for every letter that is passed without a look', () => {
    for (const bytes of [fonts.regular, fonts.bold]) {
      const font = create(bytes) as Font
      for (let code = 0x20; code <= 0x17f; code++)
        if (code < 0x7f || code >= 0xa0) expect(font.hasGlyphForCodePoint(code), code.toString(16)).toBe(true)
    }
  })

  it.each(['Ayşe Demir', 'Nguyễn', 'Šimek', 'Ḫaṭṭuša', 'C̆h̦', 'Γιώργος', 'Дмитрий', '’t Hooft – Weg 7 ½'])(
    'leaves %s as it is',
    (name) => {
      expect(toPrintable(name)).toBe(name)
    },
  )

  it.each([
    ['a mark without a glyph', 'Mu\u0363ller', 'Muller'],
    ['wide letters', '\uff2d\uff55\uff4e\uff49\uff43\uff48', 'Munich'],
    ['what nobody sees', 'Muster\u00admann\u200b Weg\ufe0f', 'Mustermann Weg'],
  ])('replaces %s', (_, text, shown) => {
    expect(toPrintable(text)).toBe(shown)
  })

  it.each(['北京', '서울', '\ue000', '\u0363', '🏠\u{1fa7a}'])('has nothing to show for %s', (text) => {
    expect(toPrintable(text)).toBeNull()
  })
})
