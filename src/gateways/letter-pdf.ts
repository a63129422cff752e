import { setImmediate } from 'node:timers/promises'
import PDFDocument from 'pdfkit'
import {
  drawAddressSurroundings,
  drawFoot,
  drawInfoBlock,
  drawLetterhead,
  drawMarks,
  drawRecipient,
} from './letter-pdf/din-5008.ts'
import { createFlow } from './letter-pdf/flow.ts'
import { letterValues, writeBody } from './letter-pdf/letter-body.ts'
import type { LetterContent, LetterInsurer } from './letter-pdf/letter-content.ts'
import { fillText, germanDate, type LetterTexts, type TextValues } from './letter-pdf/letter-texts.ts'
import {
  addElement,
  type Document,
  drawArtifact,
  type Element,
  type Fonts,
  largePrint,
  loadFonts,
  normalPrint,
} from './letter-pdf/pen.ts'

export type { LetterContent, LetterInsurer } from './letter-pdf/letter-content.ts'
export { type LetterTexts, parseLetterTexts } from './letter-pdf/letter-texts.ts'

/** PDF/UA-1 (ISO 14289-1); a string, as the type declarations of pdfkit do not know this subset yet. */
const accessible: string = 'PDF/UA'

type Sender = { insurer: LetterInsurer; texts: LetterTexts }

/** One letter whose address does not fit the window; the others of the print can go without it. */
export class UnprintableLetter extends Error {
  readonly letterId: string
  constructor(letterId: string, cause: Error) {
    super(`letter ${letterId}: ${cause.message}`, { cause })
    this.name = 'UnprintableLetter'
    this.letterId = letterId
  }
}

/** Turns letters into paper. */
export type LetterPdf = { render(letters: LetterContent[]): Promise<Uint8Array> }

/**
 * Creates the printer of letters: A4, DIN 5008 form B, tagged, fonts embedded. `render` puts one or many letters into one PDF,
 * each on pages of its own; the same letters give the same bytes. It rejects for an empty list and when an address does not
 * fit the window, naming the letter's id.
 */
export function createLetterPdf(sender: Sender): LetterPdf {
  const fonts = loadFonts()
  return {
    async render(letters) {
      const [first] = letters
      if (!first) throw new Error('a PDF needs at least one letter')
      const doc = openDocument(first, sender, fonts)
      const bytes = collect(doc)
      const root = doc.struct('Document')
      doc.addStructure(root)
      for (const letter of letters) {
        drawLetter(doc, root, letter, sender)
        // A print run holds hundreds of letters; requests get their turn in between.
        await setImmediate()
      }
      root.end()
      doc.end()
      return bytes
    },
  }
}

function openDocument(first: LetterContent, { insurer, texts }: Sender, fonts: Fonts): Document {
  const created = new Date(`${first.date}T00:00:00Z`)
  const doc = new PDFDocument({
    size: 'A4',
    margin: 0,
    autoFirstPage: false,
    bufferPages: true,
    pdfVersion: '1.7',
    subset: accessible as PDFKit.PDFDocumentOptions['subset'],
    tagged: true,
    lang: texts.language,
    displayTitle: true,
    info: { Title: texts[first.kind].title, Author: insurer.name, CreationDate: created, ModDate: created },
  })
  for (const [name, font] of Object.entries(fonts)) doc.registerFont(name, font)
  return doc
}

function collect(doc: Document): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    doc.on('data', (chunk: Buffer) => chunks.push(chunk))
    doc.on('end', () => resolve(new Uint8Array(Buffer.concat(chunks))))
    doc.on('error', reject)
  })
}

function drawLetter(doc: Document, root: Element, letter: LetterContent, sender: Sender): void {
  const { insurer, texts } = sender
  const style = letter.largePrint ? largePrint : normalPrint
  const values = letterValues(letter, insurer)
  const newPage = () => {
    doc.addPage()
    drawArtifact(doc, 'Layout', () => drawMarks(doc))
  }
  newPage()
  const section = doc.struct('Sect')
  root.add(section)
  drawHead(doc, section, letter, sender)
  const flow = createFlow(doc, { section, style, values, newPage })
  writeBody(flow, letter, texts, values)
  section.end()
  numberPages(doc, texts, values)
  doc.flushPages()
}

function drawHead(doc: Document, section: Element, letter: LetterContent, { insurer, texts }: Sender): void {
  const style = letter.largePrint ? largePrint : normalPrint
  const { phone, phoneNote, email } = insurer.help
  const rows = [
    { label: texts.info.phone, value: `${phone} (${phoneNote})` },
    { label: texts.info.email, value: email },
    { label: texts.info.date, value: germanDate(letter.date), bold: true },
  ]
  addElement(doc, section, 'P', () => drawLetterhead(doc, insurer))
  drawArtifact(doc, 'Layout', () => drawAddressSurroundings(doc, insurer.senderLine, texts.addressNote))
  try {
    addElement(doc, section, 'P', () => drawRecipient(doc, letter.recipient, style))
  } catch (cause) {
    throw new UnprintableLetter(letter.id, cause as Error)
  }
  addElement(doc, section, 'P', () => drawInfoBlock(doc, rows, style))
}

function numberPages(doc: Document, texts: LetterTexts, values: TextValues): void {
  const { start, count } = doc.bufferedPageRange()
  for (let index = 0; index < count; index++) {
    doc.switchToPage(start + index)
    const place = { page: String(index + 1), pages: String(count) }
    const pageOf = count > 1 ? fillText(texts.pageOf, place) : ''
    drawArtifact(doc, 'Pagination', () => drawFoot(doc, { letterId: fillText(texts.letterId, values), pageOf }))
  }
}
