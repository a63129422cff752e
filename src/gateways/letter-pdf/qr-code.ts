import { create } from 'qrcode'
import type { Document } from './pen.ts'

/** Draws a QR code (ISO/IEC 18004, level M) as vector squares into a square of `side` points, dark parts black. */
export function drawQrCode(doc: Document, content: string, at: { x: number; y: number; side: number }): void {
  const { modules } = create(content, { errorCorrectionLevel: 'M' })
  const cell = at.side / modules.size
  for (let row = 0; row < modules.size; row++) {
    for (let start = 0; start < modules.size; start++) {
      if (!modules.get(row, start)) continue
      let end = start
      while (end < modules.size && modules.get(row, end)) end++
      doc.rect(at.x + start * cell, at.y + row * cell, (end - start) * cell, cell)
      start = end
    }
  }
  doc.fill('black')
}
