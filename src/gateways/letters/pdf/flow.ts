import { sheet } from './din-5008.ts'
import type { TextValues } from './letter-texts.ts'
import {
  addElement,
  linesOf as breakLines,
  createMeasure,
  type Document,
  drawArtifact,
  type Element,
  mm,
  openElement,
  type Rarity,
  type Style,
  widthOfCode,
  write,
  writeLines,
} from './pen.ts'
import { drawQrCode } from './qr-code.ts'
import { glue, type Line, toSegments } from './rich-text.ts'

/** The text of one letter, written from top to bottom; a block that does not fit moves to a new page as a whole. */
export type Flow = ReturnType<typeof createFlow>

/** A code with the lines above it, which name the registration by `values`. */
type LabelledCode = { code: string; lines: string[]; values: TextValues }
type Frame = { x: number; y: number; width: number; height: number; labelHeight: number; padding: number }
type QrText = { url: string; alternative: string; caption: string }
type FlowOptions = { section: Element | null; style: Style; values: TextValues; newPage: () => void }

const left = mm(sheet.left)
const fullWidth = mm(sheet.right - sheet.left)
const labelWidth = 1.7
const boxPadding = 4
const boxGap = 2.5
/** Four modules of white below a QR code (ISO/IEC 18004, 5.3.8), in points. */
const quietZone = mm(3.8)

/** Starts the text of a letter below the address field; structure elements are hung into `section` (tagged PDF). */
export function createFlow(doc: Document, { section, style, values: given, newPage }: FlowOptions) {
  const values = glue(given)
  let y = mm(sheet.textTop)
  const step = style.body * style.leading

  /** Makes room for a block and returns its top; `keep` points below it must fit on the same page, too. */
  function reserve(height: number, gap: number, keep = 0): number {
    if (y + height + keep > mm(sheet.bottom)) {
      newPage()
      y = mm(sheet.followingTop)
    }
    const top = y
    y += height + mm(gap)
    return top
  }
  const linesOf = (
    template: string,
    width: number,
    { size = style.body, own, ...rarity }: { size?: number; own?: TextValues } & Rarity = {},
  ) => breakLines(doc, toSegments(template, own ? { ...values, ...glue(own) } : values), width, { size, ...rarity })

  function paragraph(template: string, options: { gap?: number; values?: TextValues } & Rarity = {}): void {
    const { once = false, values: own } = options
    const lines = linesOf(template, fullWidth, { once, ...(own && { own }) })
    const top = reserve(lines.length * step, options.gap ?? style.paragraphGap)
    addElement(doc, section, 'P', () =>
      writeLines(doc, lines, { x: left, y: top + style.body, size: style.body, step, once }),
    )
  }

  /** A heading stays with the block below it, of which `keep` points must fit as well. */
  function heading(template: string, options: { tag?: 'H1' | 'H2'; keep?: number } = {}): void {
    const { tag = 'H2', keep = 3 * step } = options
    const lines = linesOf(`**${template}**`, fullWidth, { size: style.heading })
    const headingStep = style.heading * style.leading
    const height = lines.length * headingStep
    const top = reserve(height, tag === 'H1' ? style.paragraphGap : 0.6, keep)
    addElement(doc, section, tag, () =>
      writeLines(doc, lines, { x: left, y: top + style.heading, size: style.heading, step: headingStep }),
    )
  }

  /** The frame with the code: label, groups in large fixed-width letters, the line below in bold. */
  function codeBox(parts: { label: string; code: string; below: string }): void {
    const padding = mm(boxPadding)
    const below = linesOf(parts.below, fullWidth - 2 * padding)
    const codeHeight = style.code * 1.55
    const height = 2 * padding + style.body + codeHeight + below.length * step + style.body * 0.5
    const top = reserve(height, style.paragraphGap + 1)
    drawArtifact(doc, 'Layout', () => doc.lineWidth(1.2).rect(left, top, fullWidth, height).stroke())
    const x = left + padding
    const labelY = top + padding + style.body
    const codeY = labelY + codeHeight
    addElement(doc, section, 'P', () => write(doc, parts.label, { x, y: labelY, font: 'regular', size: style.body }))
    addElement(doc, section, 'P', () =>
      write(doc, parts.code, { x, y: codeY, font: 'mono', size: style.code, spacing: 1.5, once: true }),
    )
    addElement(doc, section, 'P', () => writeLines(doc, below, { x, y: codeY + step * 1.5, size: style.body, step }))
  }

  /** Several codes, each in a frame with the lines that tell whose it is, side by side where the letters are small enough. */
  function codeBoxes(codes: LabelledCode[]): void {
    const padding = mm(boxPadding - 1)
    const gap = mm(boxGap)
    const codeWidth = Math.max(...codes.map(({ code }) => widthOfCode(doc, code, style.code)))
    const columns = Math.max(1, Math.floor((fullWidth + gap) / (codeWidth + 2 * padding + gap)))
    const width = (fullWidth - (columns - 1) * gap) / columns
    for (let index = 0; index < codes.length; index += columns) {
      const row = codes.slice(index, index + columns).map(({ code, lines, values: own }) => ({
        code,
        lines: lines.flatMap((line) => linesOf(line, width - 2 * padding, { own, once: true })),
      }))
      const labelHeight = Math.max(...row.map(({ lines }) => lines.length)) * step
      const height = 2 * padding + labelHeight + style.code * 1.2
      const top = reserve(height, boxGap)
      for (const [column, each] of row.entries())
        codeInFrame(each, { x: left + column * (width + gap), y: top, width, height, labelHeight, padding })
    }
    y += mm(style.paragraphGap - boxGap)
  }

  function codeInFrame({ code, lines }: { code: string; lines: Line[] }, at: Frame): void {
    const { width, height, labelHeight, padding } = at
    drawArtifact(doc, 'Layout', () => doc.lineWidth(1.2).rect(at.x, at.y, width, height).stroke())
    const x = at.x + padding
    const labelY = at.y + padding + style.body * 0.8
    addElement(doc, section, 'P', () => writeLines(doc, lines, { x, y: labelY, size: style.body, step, once: true }))
    const codeY = at.y + padding + labelHeight + style.code * 0.95
    addElement(doc, section, 'P', () =>
      write(doc, code, { x, y: codeY, font: 'mono', size: style.code, spacing: 1.5, once: true }),
    )
  }

  /** A heading, numbered steps, and a QR code at the right of the first of them; the list may go on overleaf. */
  function steps(title: string, items: string[], qr: QrText): void {
    const side = mm(style.qrSide)
    const indent = style.body * labelWidth
    const qrHeight = side + 2 * step
    heading(title, { keep: qrHeight })
    const qrTop = y
    const list = openElement(doc, section, 'L')
    for (const [index, text] of items.entries()) {
      const lines = linesOf(text, fullWidth - indent - side - mm(6))
      const baseline = reserve(lines.length * step, style.paragraphGap / 3) + style.body
      const item = openElement(doc, list, 'LI')
      addElement(doc, item, 'Lbl', () =>
        write(doc, `${index + 1}.`, { x: left, y: baseline, font: 'bold', size: style.body }),
      )
      addElement(doc, item, 'LBody', () =>
        writeLines(doc, lines, { x: left + indent, y: baseline, size: style.body, step }),
      )
      item?.end()
      if (index === 0) qrCode(qr, { x: left + fullWidth - side, y: qrTop + 2, side })
    }
    list?.end()
    const overleaf = y < qrTop
    if (!overleaf) y = Math.max(y, qrTop + qrHeight)
    y += mm(style.paragraphGap / 2)
  }

  function qrCode(qr: QrText, at: { x: number; y: number; side: number }): void {
    const size = style.body * 0.85
    const captionX = at.x + (at.side - createMeasure(doc, size)(qr.caption, false)) / 2
    const bbox: [number, number, number, number] = [at.x, at.y, at.x + at.side, at.y + at.side]
    addElement(doc, section, 'Figure', () => drawQrCode(doc, qr.url, at), { alt: qr.alternative, bbox })
    addElement(doc, section, 'P', () =>
      write(doc, qr.caption, { x: captionX, y: at.y + at.side + quietZone + size * 0.8, font: 'regular', size }),
    )
  }

  return { paragraph, heading, codeBox, codeBoxes, steps }
}
