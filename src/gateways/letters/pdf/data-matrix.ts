import { BarcodeFormat, DataMatrixWriter, EncodeHintType } from '@zxing/library'
import { drawModules } from './modules.ts'
import { type Document, mm, write } from './pen.ts'

/** Where inserters read: left margin, between the upper fold mark and the hole mark, clear of both and of the window. */
const place = { x: 7, y: 116, module: 0.5 } as const

/** `FORCE_SQUARE`: left to itself the writer takes an oblong symbol where one is smaller, which has no place at the fold. */
const hints = new Map([[EncodeHintType.DATA_MATRIX_SHAPE, 1]])

/** Makes the modules of a DataMatrix (ISO/IEC 16022, ECC 200), row by row, `true` for dark. */
export function dataMatrix(text: string): boolean[][] {
  const symbol = new DataMatrixWriter().encode(text, BarcodeFormat.DATA_MATRIX, 0, 0, hints)
  return Array.from({ length: symbol.getHeight() }, (_, row) =>
    Array.from({ length: symbol.getWidth() }, (_, column) => symbol.get(column, row)),
  )
}

/** Draws the mark of a sheet in modules of half a millimetre, and the same for people below it. */
export function drawSheetMark(doc: Document, text: string, caption: string): void {
  const rows = dataMatrix(text)
  drawModules(doc, rows, { x: mm(place.x), y: mm(place.y), cell: mm(place.module) })
  write(doc, caption, {
    x: mm(place.x),
    y: mm(place.y + rows.length * place.module + 3),
    font: 'regular',
    size: 6,
    once: true,
  })
}
