import { sheet } from './din-5008.ts'
import type { TextValues } from './letter-texts.ts'
import {
  addElement,
  createMeasure,
  type Document,
  drawArtifact,
  type Element,
  mm,
  type Style,
  write,
  writeLines,
} from './pen.ts'
import { drawQrCode } from './qr-code.ts'
import { layOut, toSegments } from './rich-text.ts'

/** The text of one letter, written from top to bottom; a block that does not fit moves to a new page as a whole. */
export type Flow = ReturnType<typeof createFlow>

type Tag = 'P' | 'H1' | 'H2'
type FlowOptions = { section: Element; style: Style; values: TextValues; newPage: () => void }

const left = mm(sheet.left)
const fullWidth = mm(sheet.right - sheet.left)
const labelWidth = 1.7
const boxPadding = 4

/** Starts the text of a letter below the address field; structure elements are hung into `section` (tagged PDF). */
export function createFlow(doc: Document, { section, style, values, newPage }: FlowOptions) {
  let y = mm(sheet.textTop)
  const step = style.body * style.leading

  /** Makes room for a block and returns its top. */
  function reserve(height: number, gap: number): number {
    if (y + height > mm(sheet.bottom)) {
      newPage()
      y = mm(sheet.followingTop)
    }
    const top = y
    y += height + mm(gap)
    return top
  }
  const linesOf = (template: string, width: number, size = style.body) =>
    layOut(toSegments(template, values), width, createMeasure(doc, size))

  function paragraph(template: string, options: { gap?: number } = {}): void {
    const lines = linesOf(template, fullWidth)
    const top = reserve(lines.length * step, options.gap ?? style.paragraphGap)
    addElement(doc, section, 'P', () =>
      writeLines(doc, lines, { x: left, y: top + style.body, size: style.body, step }),
    )
  }

  /** A heading stays with the first lines of what follows it. */
  function heading(template: string, tag: Tag = 'H2'): void {
    const lines = linesOf(`**${template}**`, fullWidth, style.heading)
    const headingStep = style.heading * style.leading
    const height = lines.length * headingStep
    const top = reserve(height + 3 * step, 0)
    y = top + height + mm(tag === 'H1' ? style.paragraphGap : 0.6)
    addElement(doc, section, tag, () =>
      writeLines(doc, lines, { x: left, y: top + style.heading, size: style.heading, step: headingStep }),
    )
  }

  /** The frame with the code: label, groups in large fixed-width letters, the line below in bold. */
  function codeBox(parts: { label: string; code: string; below: string }): void {
    const padding = mm(boxPadding)
    const below = linesOf(parts.below, fullWidth - 2 * padding)
    const codeHeight = style.code * 1.55
    const height = 2 * padding + step + codeHeight + below.length * step
    const top = reserve(height, style.paragraphGap + 1)
    drawArtifact(doc, 'Layout', () => doc.lineWidth(1.2).rect(left, top, fullWidth, height).stroke())
    const x = left + padding
    const labelY = top + padding + style.body
    const codeY = labelY + codeHeight
    addElement(doc, section, 'P', () => write(doc, parts.label, { x, y: labelY, font: 'regular', size: style.body }))
    addElement(doc, section, 'P', () =>
      write(doc, parts.code, { x, y: codeY, font: 'mono', size: style.code, spacing: 1.5 }),
    )
    addElement(doc, section, 'P', () => writeLines(doc, below, { x, y: codeY + step * 1.5, size: style.body, step }))
  }

  /** Numbered steps with a QR code at their right, kept on one page. */
  function steps(items: string[], qr: { url: string; alternative: string; caption: string }): void {
    const side = mm(style.qrSide)
    const indent = style.body * labelWidth
    const laidOut = items.map((item) => linesOf(item, fullWidth - indent - side - mm(8)))
    const gap = mm(style.paragraphGap / 3)
    const height = laidOut.reduce((sum, lines) => sum + lines.length * step + gap, 0)
    const top = reserve(Math.max(height, side + step), style.paragraphGap)
    const list = doc.struct('L')
    section.add(list)
    let itemY = top + style.body
    for (const [index, lines] of laidOut.entries()) {
      const at = itemY
      const label = () => write(doc, `${index + 1}.`, { x: left, y: at, font: 'bold', size: style.body })
      const text = () => writeLines(doc, lines, { x: left + indent, y: at, size: style.body, step })
      const item = doc.struct('LI')
      list.add(item)
      addElement(doc, item, 'Lbl', label)
      addElement(doc, item, 'LBody', text)
      item.end()
      itemY += lines.length * step + gap
    }
    list.end()
    qrCode(qr, { x: left + fullWidth - side, y: top + 2, side })
  }

  function qrCode(
    qr: { url: string; alternative: string; caption: string },
    at: { x: number; y: number; side: number },
  ) {
    const size = style.body * 0.85
    const captionX = at.x + (at.side - createMeasure(doc, size)(qr.caption, false)) / 2
    const bbox: [number, number, number, number] = [at.x, at.y, at.x + at.side, at.y + at.side]
    addElement(doc, section, 'Figure', () => drawQrCode(doc, qr.url, at), { alt: qr.alternative, bbox })
    addElement(doc, section, 'P', () =>
      write(doc, qr.caption, { x: captionX, y: at.y + at.side + size * 1.3, font: 'regular', size }),
    )
  }

  return { paragraph, heading, codeBox, steps }
}
