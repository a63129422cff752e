import { setImmediate } from 'node:timers/promises'
import { drawLetter, openDocument, type Words } from './pdf/letter.ts'
import type { LetterContent } from './pdf/letter-content.ts'
import { type Document, loadFonts } from './pdf/pen.ts'
import { createToPrintable, type ToPrintable } from './pdf/printable.ts'
import { drawRun, type RunPdf } from './pdf/run-pdf.ts'

export type { Envelope, LetterContent, LetterInsurer, Registration } from './pdf/letter-content.ts'
export { type LetterTexts, parseLetterTexts } from './pdf/letter-texts.ts'
export type { PrintedSheets, RunPdf } from './pdf/run-pdf.ts'

/** Turns letters into paper: `render` for a screen, `drawRun` for the print shop. */
export type LetterPdf = {
  render(letters: LetterContent[]): Promise<Uint8Array>
  drawRun: RunPdf
  toPrintable: ToPrintable
}

/**
 * Creates the printer of letters: A4, DIN 5008 form B, fonts embedded. `render` puts one or many letters into one tagged PDF,
 * each on pages of its own; the same letters give the same bytes. It rejects for an empty list and when an address does not
 * fit the window, naming the letter's id. Throws at once when a text of the insurer has a letter that the fonts lack.
 */
export function createLetterPdf(words: Words): LetterPdf {
  const fonts = loadFonts()
  const toPrintable = createToPrintable(fonts)
  checkWords(words, toPrintable)
  const sender = { ...words, toPrintable }
  return {
    drawRun: drawRun(sender, fonts),
    toPrintable,
    async render(letters) {
      const [first] = letters
      if (!first) throw new Error('a PDF needs at least one letter')
      const doc = openDocument(first, sender, fonts, { tagged: true })
      const bytes = collect(doc)
      const root = doc.struct('Document')
      doc.addStructure(root)
      for (const letter of letters) {
        drawLetter(doc, root, letter, sender)
        doc.flushPages()
        // Requests get their turn in between.
        await setImmediate()
      }
      root.end()
      doc.end()
      return bytes
    },
  }
}

function collect(doc: Document): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    doc.on('data', (chunk: Buffer) => chunks.push(chunk))
    doc.on('end', () => resolve(new Uint8Array(Buffer.concat(chunks))))
    doc.on('error', reject)
  })
}

/** Texts are the same for every letter: what cannot be drawn stops the start instead of leaving boxes on all of them. */
function checkWords(words: object, toPrintable: ToPrintable, path: string[] = []): void {
  for (const [name, value] of Object.entries(words)) {
    const entry = [...path, name]
    if (typeof value === 'object' && value !== null) checkWords(value, toPrintable, entry)
    else if (typeof value === 'string' && value !== '' && toPrintable(value) !== value)
      throw new Error(`${entry.join('.')} has a letter that the font of the letters lacks`)
  }
}
