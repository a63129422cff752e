import bwip from 'bwip-js/node'
import { type Document, mm, write } from './pen.ts'

/** Where inserters read: left margin, between the upper fold mark and the hole mark, clear of both and of the window. */
const place = { x: 7, y: 116, module: 0.5 } as const

/** Makes the modules of a DataMatrix (ISO/IEC 16022, ECC 200), row by row, `true` for dark. */
function dataMatrix(text: string): boolean[][] {
  const [symbol] = bwip.raw({ bcid: 'datamatrix', text })
  if (!symbol || !('pixs' in symbol)) throw new Error('a DataMatrix is made of modules')
  const { pixs, pixx } = symbol
  const rows = pixs.length / pixx
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: pixx }, (_, column) => pixs[row * pixx + column] === 1),
  )
}

/** Draws the mark of a sheet as vector squares of half a millimetre, and the same for people below it. */
export function drawSheetMark(doc: Document, text: string, caption: string): void {
  const cell = mm(place.module)
  const rows = dataMatrix(text)
  for (const [row, modules] of rows.entries())
    for (const [column, dark] of modules.entries())
      if (dark) doc.rect(mm(place.x) + column * cell, mm(place.y) + row * cell, cell, cell)
  doc.fill('black')
  write(doc, caption, {
    x: mm(place.x),
    y: mm(place.y + rows.length * place.module + 3),
    font: 'regular',
    size: 6,
    once: true,
  })
}
