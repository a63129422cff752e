import type { Document } from './pen.ts'

/** Draws the dark modules of a symbol as black rectangles, one for those side by side; `cell` is the side of a module in points. */
export function drawModules(
  doc: Document,
  rows: readonly (readonly boolean[])[],
  at: { x: number; y: number; cell: number },
): void {
  for (const [row, modules] of rows.entries()) {
    for (let start = 0; start < modules.length; start++) {
      if (!modules[start]) continue
      let end = start
      while (modules[end]) end++
      doc.rect(at.x + start * at.cell, at.y + row * at.cell, (end - start) * at.cell, at.cell)
      start = end
    }
  }
  doc.fill('black')
}
