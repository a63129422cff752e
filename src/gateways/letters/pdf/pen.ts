import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { LetterDocument } from './letter-document.ts'
import { type Line, layOut, type Measure, type Segment } from './rich-text.ts'

export type Document = LetterDocument
/** A node of the structure tree that screen readers follow. */
export type Element = ReturnType<Document['struct']>

/** Points per millimetre. */
const pointsPerMm = 72 / 25.4
/** Turns millimetres of the sheet into PDF points. */
export const mm = (millimetres: number): number => millimetres * pointsPerMm

const files = {
  regular: 'DejaVuSansCondensed.ttf',
  bold: 'DejaVuSansCondensed-Bold.ttf',
  mono: 'DejaVuSansMono-Bold.ttf',
} as const
export type FontName = keyof typeof files
export type Fonts = Record<FontName, Buffer>

/**
 * Reads the embedded fonts from their package. DejaVu has every Latin letter that German registers may hold (DIN 91379);
 * its zero carries a dot, so that a code is read aloud without doubt.
 */
export function loadFonts(): Fonts {
  const { resolve } = createRequire(import.meta.url)
  const read = (name: FontName) => readFileSync(resolve(`dejavu-fonts-ttf/ttf/${files[name]}`))
  return { regular: read('regular'), bold: read('bold'), mono: read('mono') }
}

/** Sizes in points, spaces in millimetres. */
export type Style = {
  body: number
  heading: number
  code: number
  /** Line height as a multiple of the size. */
  leading: number
  paragraphGap: number
  qrSide: number
  infoLabel: number
  infoValue: number
  address: number
}

export const normalPrint: Style = {
  body: 10,
  heading: 11,
  code: 20,
  leading: 1.34,
  paragraphGap: 2.3,
  qrSide: 27,
  infoLabel: 8,
  infoValue: 10,
  address: 10.5,
}

/** For the flag of the register; body of 16 pt and more (DBSV guidance for readers with low vision). */
export const largePrint: Style = {
  body: 16,
  heading: 18,
  code: 28,
  leading: 1.32,
  paragraphGap: 4,
  qrSide: 34,
  infoLabel: 12,
  infoValue: 14,
  address: 12,
}

/** `once`: words that one letter alone has (names, ids, codes). */
export type Rarity = { once?: boolean }

/** pdfkit keeps the layout of every word unless features are named; what is there once would grow with every letter. */
const layoutOf = ({ once }: Rarity): PDFKit.Mixins.TextOptions => (once ? { features: [] } : {})

/** Measures text in points at a size, regular or bold. */
export function createMeasure(doc: Document, size: number, rarity: Rarity = {}): Measure {
  return (text, bold) => {
    doc.font(bold ? 'bold' : 'regular').fontSize(size)
    return doc.widthOfString(text, layoutOf(rarity))
  }
}

/** Measures a code as `write` sets it in fixed-width letters. */
export function widthOfCode(doc: Document, code: string, size: number): number {
  doc.font('mono').fontSize(size)
  return doc.widthOfString(code, { characterSpacing: 1.5, ...layoutOf({ once: true }) })
}

/** Writes one run of text with its baseline at `y` (points from the top of the page). */
export function write(
  doc: Document,
  text: string,
  at: { x: number; y: number; font: FontName; size: number; spacing?: number } & Rarity,
): void {
  const { x, y, font, size, spacing = 0, once = false } = at
  const draw = () => {
    doc.font(font).fontSize(size)
    const placed = { lineBreak: false, baseline: 'alphabetic', characterSpacing: spacing, textWidth: 0 } as const
    doc.text(text, x, y, { ...placed, ...layoutOf(at) })
  }
  if (once) draw()
  else doc.drawShared(`${font} ${size} ${spacing} ${x} ${y} ${text}`, draw)
}

/** Breaks segments into lines of at most `width` points at a size. */
export function linesOf(doc: Document, segments: Segment[], width: number, at: { size: number } & Rarity): Line[] {
  const make = () => layOut(segments, width, createMeasure(doc, at.size, at))
  if (at.once) return make()
  const words = segments.map(({ text, bold }) => `${bold ? '*' : ''}${text}`).join('\n')
  return doc.laidOut(`${width} ${at.size} ${words}`, make)
}

/** Writes laid-out lines below each other, the first baseline at `y`; a blank at their ends keeps words apart for readers. */
export function writeLines(
  doc: Document,
  lines: Line[],
  at: { x: number; y: number; size: number; step: number } & Rarity,
): void {
  for (const [index, line] of lines.entries()) {
    for (const run of line) {
      const endsLine = run === line.at(-1) && index < lines.length - 1
      write(doc, endsLine ? `${run.text} ` : run.text, {
        x: at.x + run.x,
        y: at.y + index * at.step,
        font: run.bold ? 'bold' : 'regular',
        size: at.size,
        once: at.once ?? false,
      })
    }
  }
}

/** Finds the largest size, in half points from `size` down to `smallest`, at which the text fits the width. */
export function fittingSize(
  doc: Document,
  text: string,
  fit: { width: number; size: number; smallest: number; bold?: boolean },
): number {
  let size = fit.size
  while (size > fit.smallest && createMeasure(doc, size)(text, fit.bold ?? false) > fit.width) size -= 0.5
  return size
}

/** Draws what a screen reader passes over: marks, lines, page numbers (ISO 32000-1, 14.8.2.2). */
export function drawArtifact(doc: Document, type: 'Layout' | 'Pagination', draw: () => void): void {
  doc.markContent('Artifact', { type })
  draw()
  doc.endMarkedContent()
}

/**
 * Draws content as a structure element (`P`, `H1`, `Figure` …) and hangs it below `parent`; without one the document is
 * not tagged, and it is only drawn.
 */
export function addElement(
  doc: Document,
  parent: Element | null,
  tag: string,
  draw: () => void,
  options: { alt?: string; bbox?: [number, number, number, number] } = {},
): void {
  if (parent) parent.add(doc.struct(tag, options, draw))
  else draw()
}

/** Opens a structure element below `parent`, to be ended by the caller; `null` in a document that is not tagged. */
export function openElement(doc: Document, parent: Element | null, tag: string): Element | null {
  if (!parent) return null
  const element = doc.struct(tag)
  parent.add(element)
  return element
}
