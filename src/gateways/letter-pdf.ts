import { setImmediate } from 'node:timers/promises'
import { drawLetter, openDocument, type Sender } from './letter-pdf/letter.ts'
import type { LetterContent } from './letter-pdf/letter-content.ts'
import { type Document, loadFonts } from './letter-pdf/pen.ts'
import { drawRun, type RunPdf } from './letter-pdf/run-pdf.ts'

export type { LetterContent, LetterInsurer } from './letter-pdf/letter-content.ts'
export { type LetterTexts, parseLetterTexts } from './letter-pdf/letter-texts.ts'
export type { PrintedSheets, RunPdf } from './letter-pdf/run-pdf.ts'

/** Turns letters into paper: `render` for a screen, `drawRun` for the print shop. */
export type LetterPdf = { render(letters: LetterContent[]): Promise<Uint8Array>; drawRun: RunPdf }

/**
 * Creates the printer of letters: A4, DIN 5008 form B, fonts embedded. `render` puts one or many letters into one tagged PDF,
 * each on pages of its own; the same letters give the same bytes. It rejects for an empty list and when an address does not
 * fit the window, naming the letter's id.
 */
export function createLetterPdf(sender: Sender): LetterPdf {
  const fonts = loadFonts()
  return {
    drawRun: drawRun(sender, fonts),
    async render(letters) {
      const [first] = letters
      if (!first) throw new Error('a PDF needs at least one letter')
      const doc = openDocument(first, sender, fonts, { tagged: true })
      const bytes = collect(doc)
      const root = doc.struct('Document')
      doc.addStructure(root)
      for (const letter of letters) {
        drawLetter(doc, root, letter, sender)
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
