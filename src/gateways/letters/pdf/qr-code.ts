import { create } from 'qrcode'
import { drawModules } from './modules.ts'
import type { Document } from './pen.ts'

/** Draws a QR code (ISO/IEC 18004, level M) into a square of `side` points. */
export function drawQrCode(doc: Document, content: string, at: { x: number; y: number; side: number }): void {
  doc.drawShared(`qr ${at.x} ${at.y} ${at.side} ${content}`, () => {
    const { modules } = create(content, { errorCorrectionLevel: 'M' })
    const sides = Array.from({ length: modules.size }, (_, index) => index)
    const rows = sides.map((row) => sides.map((column) => modules.get(row, column) === 1))
    drawModules(doc, rows, { ...at, cell: at.side / modules.size })
  })
}
