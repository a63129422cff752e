import {
  drawAddressSurroundings,
  drawFoot,
  drawInfoBlock,
  drawLetterhead,
  drawMarks,
  drawRecipient,
  type FittedAddress,
  fitRecipient,
} from './din-5008.ts'
import { createFlow } from './flow.ts'
import { letterValues, writeBody } from './letter-body.ts'
import type { LetterContent, LetterInsurer, Recipient } from './letter-content.ts'
import { LetterDocument } from './letter-document.ts'
import { fillText, germanDate, type LetterTexts, type TextValues } from './letter-texts.ts'
import {
  addElement,
  type Document,
  drawArtifact,
  type Element,
  type Fonts,
  largePrint,
  normalPrint,
  openElement,
  type Style,
} from './pen.ts'
import type { ToPrintable } from './printable.ts'

/** PDF/UA-1 (ISO 14289-1); a string, as the type declarations of pdfkit do not know this subset yet. */
const accessible: string = 'PDF/UA'

/** Who writes, and with which words. */
export type Words = { insurer: LetterInsurer; texts: LetterTexts }
/** What every letter of a sender shares. */
export type Sender = Words & { toPrintable: ToPrintable }

/** One letter whose address does not fit the window or has a letter that no font draws; the others can go without it. */
export class UnprintableLetter extends Error {
  readonly letterId: string
  constructor(letterId: string, cause: Error) {
    super(`letter ${letterId}: ${cause.message}`, { cause })
    this.name = 'UnprintableLetter'
    this.letterId = letterId
  }
}

/** Opens a document for letters; `tagged` for people who read it on a screen, not for paper. */
export function openDocument(
  first: LetterContent,
  { insurer, texts }: Sender,
  fonts: Fonts,
  { tagged }: { tagged: boolean },
): Document {
  const created = new Date(`${first.date}T00:00:00Z`)
  const doc = new LetterDocument({
    size: 'A4',
    margin: 0,
    autoFirstPage: false,
    bufferPages: true,
    pdfVersion: '1.7',
    ...(tagged && { subset: accessible as PDFKit.PDFDocumentOptions['subset'], tagged, displayTitle: true }),
    lang: texts.language,
    info: { Title: texts[first.kind].title, Author: insurer.name, CreationDate: created, ModDate: created },
  })
  for (const [name, font] of Object.entries(fonts)) doc.registerFont(name, font)
  return doc
}

/**
 * Draws one letter on pages of its own behind those that are there; `root` is the structure tree of a tagged document.
 * @throws UnprintableLetter before anything is drawn.
 */
export function drawLetter(doc: Document, root: Element | null, given: LetterContent, sender: Sender): void {
  const { insurer, texts } = sender
  const recipient = printableRecipient(given, sender)
  const letter = { ...given, recipient }
  const style = letter.largePrint ? largePrint : normalPrint
  const values = letterValues(letter, insurer)
  const newPage = () => {
    doc.addPage()
    drawArtifact(doc, 'Layout', () => drawMarks(doc))
  }
  // Before the first page: a letter that is refused leaves nothing behind.
  const address = fitOrRefuse(doc, letter, style)
  const first = endOf(doc)
  newPage()
  const section = openElement(doc, root, 'Sect')
  drawHead(doc, section, letter, address, sender)
  const flow = createFlow(doc, { section, style, values, newPage })
  writeBody(flow, letter, texts, values)
  section?.end()
  numberPages(doc, first, texts, values)
}

function fitOrRefuse(doc: Document, { id, recipient }: LetterContent, style: Style): FittedAddress {
  try {
    return fitRecipient(doc, recipient, style)
  } catch (cause) {
    throw new UnprintableLetter(id, cause as Error)
  }
}

/** Where the next page of a document comes. */
function endOf(doc: Document): number {
  const { start, count } = doc.bufferedPageRange()
  return start + count
}

/** The register keeps names as they are; paper shows what the fonts can draw. @throws UnprintableLetter */
function printableRecipient({ id, recipient }: LetterContent, { toPrintable }: Sender): Recipient {
  const lines = Object.entries(recipient).map(([part, text]) => {
    const printable = text ? toPrintable(text) : text
    if (text && printable === null) throw new UnprintableLetter(id, new Error(`no font draws a letter of: ${part}`))
    return [part, printable]
  })
  return Object.fromEntries(lines) as Recipient
}

function drawHead(
  doc: Document,
  section: Element | null,
  letter: LetterContent,
  address: FittedAddress,
  { insurer, texts }: Sender,
): void {
  const style = letter.largePrint ? largePrint : normalPrint
  const { phone, phoneNote, email } = insurer.help
  const rows = [
    { label: texts.info.phone, value: `${phone} (${phoneNote})` },
    { label: texts.info.email, value: email },
    { label: texts.info.date, value: germanDate(letter.date), bold: true },
  ]
  addElement(doc, section, 'P', () => drawLetterhead(doc, insurer))
  drawArtifact(doc, 'Layout', () => drawAddressSurroundings(doc, insurer.senderLine, texts.addressNote))
  addElement(doc, section, 'P', () => drawRecipient(doc, address))
  addElement(doc, section, 'P', () => drawInfoBlock(doc, rows, style))
}

function numberPages(doc: Document, first: number, texts: LetterTexts, values: TextValues): void {
  const count = endOf(doc) - first
  for (let index = 0; index < count; index++) {
    doc.switchToPage(first + index)
    const place = { page: String(index + 1), pages: String(count) }
    const pageOf = count > 1 ? fillText(texts.pageOf, place) : ''
    drawArtifact(doc, 'Pagination', () => drawFoot(doc, { letterId: fillText(texts.letterId, values), pageOf }))
  }
}
