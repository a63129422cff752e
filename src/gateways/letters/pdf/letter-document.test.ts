import { describe, expect, it } from 'vitest'
import { LetterDocument } from './letter-document.ts'
import { loadFonts, write } from './pen.ts'
import { readPages } from './read-pdf.test-support.ts'

const fonts = loadFonts()

async function made(draw: (doc: LetterDocument) => void): Promise<Uint8Array> {
  const doc = new LetterDocument({ size: 'A4', margin: 0, autoFirstPage: false })
  for (const [name, font] of Object.entries(fonts)) doc.registerFont(name, font)
  draw(doc)
  doc.end()
  const parts: Buffer[] = []
  for await (const part of doc) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

const at = { x: 100, y: 200, font: 'bold', size: 11 } as const

describe('what letters share', () => {
  it('is repeated as it was drawn first, on pages that know its font', async () => {
    const pages = readPages(
      await made((doc) => {
        for (const other of [undefined, 'regular', undefined] as const) {
          doc.addPage()
          if (other) write(doc, 'Anders', { ...at, y: 100, font: other })
          write(doc, 'Fragen und Probleme', at)
        }
      }),
    )
    expect(pages.map((page) => page.map(({ text }) => text))).toEqual([
      ['Fragen und Probleme'],
      ['Anders', 'Fragen und Probleme'],
      ['Fragen und Probleme'],
    ])
    expect(pages[1]?.[1]).toEqual(pages[0]?.[0])
    expect(pages[2]).toEqual(pages[0])
  })

  it('is drawn once, until there is too much to keep', async () => {
    let drawn = 0
    await made((doc) => {
      doc.addPage()
      const draw = (n: number) =>
        doc.drawShared(`square ${n}`, () => {
          drawn++
          doc.rect(n, 0, 1, 1)
        })
      for (const n of [1, 1, 2, 1, 2]) draw(n)
      expect(drawn).toBe(2)
      for (let n = 3; n <= 4001; n++) draw(n)
      draw(1)
      expect(drawn).toBe(4002)
    })
  })
})
