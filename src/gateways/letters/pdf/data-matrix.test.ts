import { randomInt, randomUUID } from 'node:crypto'
import { BinaryBitmap, DataMatrixReader, DecodeHintType, HybridBinarizer, RGBLuminanceSource } from '@zxing/library'
import { describe, expect, it } from 'vitest'
import { formatLetterMark } from '../../../domain/letters/letter-mark.ts'
import { dataMatrix } from './data-matrix.ts'

/** Scans a symbol four points a module, with a quiet zone of two. */
function scan(modules: boolean[][]): string {
  const [scale, quiet] = [4, 8]
  const width = modules.length * scale + 2 * quiet
  const grey = Uint8ClampedArray.from({ length: width * width }, (_, point) => {
    const [x, y] = [point % width, Math.floor(point / width)].map((at) => Math.floor((at - quiet) / scale))
    return modules[y ?? -1]?.[x ?? -1] ? 0 : 255
  })
  const bitmap = new BinaryBitmap(new HybridBinarizer(new RGBLuminanceSource(grey, width, width)))
  return new DataMatrixReader().decode(bitmap, new Map([[DecodeHintType.PURE_BARCODE, true]])).getText()
}

const marks = Array.from({ length: 300 }, () => {
  const sheets = randomInt(1, 99)
  const place = { sequence: randomInt(1, 999_999), sheet: randomInt(1, sheets + 1), sheets }
  return formatLetterMark({ letterId: randomUUID(), ...place })
})

describe('the DataMatrix of a mark', () => {
  it('is read as what was written, on the place that it has beside the fold marks', () => {
    for (const mark of marks) {
      const modules = dataMatrix(mark)
      expect(modules.map((row) => row.length)).toEqual(new Array(modules.length).fill(modules.length))
      expect(modules.length).toBeLessThanOrEqual(26)
      expect(scan(modules)).toBe(mark)
    }
  })

  it('is read with a spot on it', () => {
    for (const mark of marks) {
      const modules = dataMatrix(mark)
      for (let at = 6; at < 12; at++) for (const row of [9, 10]) modules[row]![at] = !modules[row]![at]
      expect(scan(modules)).toBe(mark)
    }
  })
})
