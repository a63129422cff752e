import type { LetterInsurer, Recipient } from './letter-content.ts'
import type { LetterTexts } from './letter-texts.ts'
import { createMeasure, type Document, fittingSize, linesOf, mm, type Style, write, writeLines } from './pen.ts'
import type { Line } from './rich-text.ts'

/** Millimetres of DIN 5008:2020 form B, measured from the top left corner of the sheet. */
export const sheet = {
  left: 25,
  right: 190,
  /** Lowest line of the text. */
  bottom: 279,
  foot: 288,
  /** First line of the text: two blank lines below the address field. */
  textTop: 98.5,
  followingTop: 25,
  address: { left: 20, top: 45, width: 85, height: 45, senderHeight: 5, noteHeight: 12.7, indent: 5 },
  info: { left: 125, top: 50, width: 65 },
  foldMarks: [105, 210],
  holeMark: 148.5,
} as const

const { address, info } = sheet
const recipientTop = address.top + address.senderHeight + address.noteHeight
const recipientLines = 6
const countries = new Intl.DisplayNames(['de'], { type: 'region' })

/** Turns the address into the lines of the window; the country stands last, in capitals, only abroad (DIN 5008, 14.2). */
function addressLines(recipient: Recipient): string[] {
  const country = countryLine(recipient.country)
  const lines = [
    recipient.name,
    recipient.addition,
    recipient.street,
    `${recipient.postalCode} ${recipient.city}`,
    country,
  ]
  return lines.map((line) => (line ?? '').replace(/\s+/g, ' ').trim()).filter((line) => line !== '')
}

function countryLine(country: string | null | undefined): string {
  const given = (country ?? '').trim()
  const name = /^[A-Z]{2}$/.test(given) ? (countries.of(given) ?? given) : given
  return name.toLocaleLowerCase('de') === 'deutschland' ? '' : name.toLocaleUpperCase('de')
}

/** Draws the return address and the note ("Persönlich") above the recipient. */
export function drawAddressSurroundings(doc: Document, senderLine: string, note: string): void {
  const x = mm(address.left + address.indent)
  const width = mm(address.width - address.indent)
  const lineY = mm(address.top + address.senderHeight)
  const size = fittingSize(doc, senderLine, { width, size: 7, smallest: 5 })
  write(doc, senderLine, { x, y: lineY - mm(1.4), font: 'regular', size })
  doc
    .lineWidth(0.4)
    .moveTo(x, lineY)
    .lineTo(x + width, lineY)
    .stroke()
  write(doc, note, { x, y: mm(recipientTop - 1.6), font: 'regular', size: 8 })
}

const windowWidth = mm(address.width - address.indent)

/** A recipient as it fits the window. */
export type FittedAddress = { lines: Line[]; size: number }

/** Lays the recipient out; throws when it fits the window at no readable size, as a cut address would go astray. */
export function fitRecipient(doc: Document, recipient: Recipient, style: Style): FittedAddress {
  return fitAddress(doc, addressLines(recipient), { width: windowWidth, size: style.address })
}

/** Draws the recipient into the window. */
export function drawRecipient(doc: Document, { lines, size }: FittedAddress): void {
  const step = mm((address.height - address.senderHeight - address.noteHeight) / recipientLines)
  writeLines(doc, lines, {
    x: mm(address.left + address.indent),
    y: mm(recipientTop) + step * 0.8,
    size,
    step,
    once: true,
  })
}

function fitAddress(
  doc: Document,
  lines: string[],
  { width, size: largest }: { width: number; size: number },
): FittedAddress {
  for (let size = largest; size >= 6; size -= 0.5) {
    const broken = lines.flatMap((text) => linesOf(doc, [{ text, bold: false }], width, { size, once: true }))
    if (broken.length <= recipientLines) return { lines: broken, size }
  }
  throw new Error('the address does not fit the window')
}

/** Draws the information block at the right of the address: how to reach the sender, and the date. */
export function drawInfoBlock(
  doc: Document,
  rows: { label: string; value: string; bold?: boolean }[],
  style: Style,
): void {
  const x = mm(info.left)
  let y = mm(info.top)
  for (const { label, value, bold = false } of rows) {
    const size = fittingSize(doc, value, { width: mm(info.width), size: style.infoValue, smallest: 6, bold })
    y += style.infoLabel
    write(doc, `${label} `, { x, y, font: 'regular', size: style.infoLabel })
    y += style.infoValue * 1.2
    write(doc, `${value} `, { x, y, font: bold ? 'bold' : 'regular', size })
    y += style.infoValue * 0.55
  }
}

/** Draws the letterhead of the first page. */
export function drawLetterhead(doc: Document, insurer: LetterInsurer): void {
  const width = mm(sheet.right - sheet.left)
  const size = fittingSize(doc, insurer.name, { width, size: 15, smallest: 9, bold: true })
  write(doc, `${insurer.name} `, { x: mm(sheet.left), y: mm(23), font: 'bold', size })
  if (insurer.slogan) write(doc, insurer.slogan, { x: mm(sheet.left), y: mm(29), font: 'regular', size: 10 })
}

/** Draws fold and hole marks at the left edge. */
export function drawMarks(doc: Document): void {
  doc.drawShared('marks', () => {
    doc.lineWidth(0.4)
    for (const y of sheet.foldMarks) doc.moveTo(mm(5), mm(y)).lineTo(mm(10), mm(y)).stroke()
    doc.moveTo(mm(5), mm(sheet.holeMark)).lineTo(mm(13), mm(sheet.holeMark)).stroke()
  })
}

/** Draws the foot of one page: letter id for returned mail, and the page number when there is more than one. */
export function drawFoot(doc: Document, texts: Pick<LetterTexts, 'letterId' | 'pageOf'>): void {
  write(doc, texts.letterId, { x: mm(sheet.left), y: mm(sheet.foot), font: 'regular', size: 7, once: true })
  if (texts.pageOf === '') return
  const measure = createMeasure(doc, 8)
  const x = mm(sheet.right) - measure(texts.pageOf, false)
  write(doc, texts.pageOf, { x, y: mm(sheet.foot), font: 'regular', size: 8 })
}
