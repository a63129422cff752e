/** Modules of a symbol, of its data within the frame, and codewords of data and of error correction (ISO/IEC 16022, table 7). */
const size = 22
const inner = size - 2
const dataCodewords = 30
const checkCodewords = 20

const c40 = { latch: 230, unlatch: 254, pad: 129 } as const
const c40Values = '   \u00200123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/**
 * Makes the DataMatrix (ISO/IEC 16022, ECC 200) of a text of digits and capital letters whose length is a multiple of three, at most 42,
 * as 22 rows of 22 modules, `true` for dark. @throws RangeError for another text.
 */
export function dataMatrix(text: string): boolean[][] {
  if (!/^(?:[0-9A-Z]{3}){1,14}$/.test(text)) throw new RangeError(`no text for a mark: ${text}`)
  const data = pad(encodeC40(text))
  const codewords = [...data, ...errorCorrection(data)]
  const isDark = (row: number, column: number): boolean => {
    if (column === 0 || row === size - 1) return true
    if (row === 0) return column % 2 === 0
    if (column === size - 1) return row % 2 === 1
    const place = places[(row - 1) * inner + column - 1]
    return place !== undefined && ((codewords[place.codeword] ?? 0) >> place.bit) % 2 === 1
  }
  return Array.from({ length: size }, (_, row) => Array.from({ length: size }, (_, column) => isDark(row, column)))
}

/** Three characters to two codewords (5.2.5). */
function encodeC40(text: string): number[] {
  const values = [...text].map((character) => c40Values.indexOf(character))
  const codewords: number[] = [c40.latch]
  for (let index = 0; index < values.length; index += 3) {
    const [a = 0, b = 0, c = 0] = values.slice(index, index + 3)
    const packed = 1600 * a + 40 * b + c + 1
    codewords.push(packed >> 8, packed & 255)
  }
  return [...codewords, c40.unlatch]
}

/** Fills up the symbol; all pads behind the first are scattered (5.2.4, annex B.1). */
function pad(codewords: number[]): number[] {
  const filled = [...codewords]
  while (filled.length < dataCodewords) {
    const isFirst = filled.length === codewords.length
    const scattered = c40.pad + ((149 * (filled.length + 1)) % 253) + 1
    filled.push(isFirst ? c40.pad : scattered > 254 ? scattered - 254 : scattered)
  }
  return filled
}

/** Powers of 2 in GF(256) over x⁸ + x⁵ + x³ + x² + 1 (annex E). */
const powers = new Uint8Array(255)
const exponents = new Uint8Array(256)
for (let power = 0, value = 1; power < 255; power++) {
  powers[power] = value
  exponents[value] = power
  value = value < 128 ? value << 1 : (value << 1) ^ 0x12d
}
const times = (a: number, exponent: number) => (a === 0 ? 0 : (powers[((exponents[a] ?? 0) + exponent) % 255] ?? 0))

/** The product of (x − 2ⁱ), i from 1, without its leading 1, highest power first. */
const generator: number[] = []
for (let root = 1; root <= checkCodewords; root++) {
  const before = [1, ...generator, 0]
  generator.length = 0
  for (let index = 1; index < before.length; index++)
    generator.push((before[index] ?? 0) ^ times(before[index - 1] ?? 0, root))
}
const generatorExponents = generator.map((coefficient) => exponents[coefficient] ?? 0)

/** Reed-Solomon: the rest of data · x²⁰ by the generator. */
function errorCorrection(data: readonly number[]): number[] {
  const rest: number[] = new Array(checkCodewords).fill(0)
  for (const codeword of data) {
    const factor = codeword ^ (rest.shift() ?? 0)
    rest.push(0)
    for (const [index, exponent] of generatorExponents.entries())
      rest[index] = (rest[index] ?? 0) ^ times(factor, exponent)
  }
  return rest
}

type Place = { codeword: number; bit: number }

/** The eight modules of a codeword around its lowest right one, highest bit first (annex F, figure F.3). */
const shape = [
  [-2, -2],
  [-2, -1],
  [-1, -2],
  [-1, -1],
  [-1, 0],
  [0, -2],
  [0, -1],
  [0, 0],
] as const

/** The one codeword of this size that lies in three corners (annex F, figure F.4). */
const corner = [
  [inner - 1, 0],
  [inner - 1, 1],
  [inner - 1, 2],
  [0, inner - 2],
  [0, inner - 1],
  [1, inner - 1],
  [2, inner - 1],
  [3, inner - 1],
] as const

/** Which bit of which codeword each module of the data shows, row by row. */
const places = placeCodewords()

function placeCodewords(): Place[] {
  const placed: Place[] = []
  let codeword = 0
  const put = (modules: readonly (readonly [number, number])[]) => {
    for (const [index, [row, column]] of modules.entries()) placed[row * inner + column] = { codeword, bit: 7 - index }
    codeword++
  }
  const putShape = (row: number, column: number) => {
    if (row < 0 || row >= inner || column < 0 || column >= inner || placed[row * inner + column]) return
    put(shape.map(([down, right]) => wrap(row + down, column + right)))
  }
  // Diagonals upwards and downwards in turn.
  let [row, column] = [4, 0]
  while (row < inner || column < inner) {
    if (row === inner && column === 0) put(corner)
    do {
      putShape(row, column)
      row -= 2
      column += 2
    } while (row >= 0 && column < inner)
    row += 1
    column += 3
    do {
      putShape(row, column)
      row += 2
      column -= 2
    } while (row < inner && column >= 0)
    row += 3
    column += 1
  }
  return placed
}

/** What lies beyond the upper or the left edge comes in again at the other, four modules on. */
function wrap(row: number, column: number): readonly [number, number] {
  if (row < 0) return wrap(row + inner, column + 4)
  return column < 0 ? [row + 4, column + inner] : [row, column]
}
