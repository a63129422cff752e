import { readFileSync } from 'node:fs'
import { BinaryBitmap, DataMatrixReader, DecodeHintType, HybridBinarizer, RGBLuminanceSource } from '@zxing/library'
import PDFDocument from 'pdfkit'
import { describe, expect, it, vi } from 'vitest'
import { formatLetterMark } from '../../../domain/letters/letter-mark.ts'
import {
  createLetterPdf,
  type Envelope,
  type LetterContent,
  type PrintedSheets,
  parseLetterTexts,
} from '../letter-pdf.ts'
import { LetterDocument } from './letter-document.ts'
import { readPages, readRectangles } from './read-pdf.test-support.ts'

const texts = parseLetterTexts(readFileSync(new URL('../../../../config/letters/de.yaml', import.meta.url), 'utf8'))
const help = { phone: '0800 2 767676', phoneNote: 'kostenfrei', email: 'info@example.org', branchText: 'vor Ort' }
const insurer = { name: 'AOK Bayern', shortName: 'AOK Bayern', senderLine: 'AOK Bayern · 80000 München', help }
const pdf = createLetterPdf({ insurer, texts })
const recipient = { name: 'Erika Mustermann', street: 'Musterweg 12', postalCode: '80331', city: 'München' }

const codeOf = (code: string) => ({
  ...{ registeredOn: '2027-03-08', registeredTime: '10:02', maskedMobile: '+49 151 ••••• 71' },
  code,
})

const letter = (n: number, changes: Partial<LetterContent> = {}) =>
  ({
    id: `0b8c5a3e-90af-4d11-8f00-00000000000${n}`,
    kind: 'unlock_code',
    recipient,
    date: '2027-03-12',
    largePrint: false,
    codes: [codeOf('7K3M-Q0B8-ZR2S')],
    lastDay: '2027-04-11',
    url: 'https://example.org/anmeldung',
    ...changes,
  }) as LetterContent

/** Each letter in an envelope of its own. */
const draw = (...batches: LetterContent[][]) =>
  drawEnvelopes(...batches.map((letters) => letters.map((each) => ({ id: each.id, letters: [each] }))))

async function drawEnvelopes(...batches: Envelope[][]) {
  const parts: Uint8Array[] = []
  const sheets: PrintedSheets[] = []
  const unprintable: string[] = []
  await pdf.drawRun(
    (async function* () {
      yield* batches
    })(),
    {
      async write(bytes) {
        parts.push(bytes)
      },
      onLetter: (printed) => void sheets.push(printed),
      async onUnprintable(fault) {
        unprintable.push(fault.letterId)
      },
    },
  )
  return { bytes: Buffer.concat(parts), sheets, unprintable }
}

/** Scans dark modules, four points wide each, with a quiet zone of two. */
function decode(dark: (readonly [number, number])[]): string {
  const [scale, quiet] = [4, 8]
  const width = (Math.max(...dark.map(([x]) => x)) + 1) * scale + 2 * quiet
  const grey = new Uint8ClampedArray(width * width).fill(255)
  for (const [x, y] of dark)
    for (let row = 0; row < scale; row++) {
      const start = (quiet + y * scale + row) * width + quiet + x * scale
      grey.fill(0, start, start + scale)
    }
  const bitmap = new BinaryBitmap(new HybridBinarizer(new RGBLuminanceSource(grey, width, width)))
  return new DataMatrixReader().decode(bitmap, new Map([[DecodeHintType.PURE_BARCODE, true]])).getText()
}

const side = (0.5 / 25.4) * 72

/** The squares of half a millimetre of a page, as they lie side by side in rectangles of that height. */
const squaresOf = (rectangles: ReturnType<typeof readRectangles>[number]) =>
  rectangles
    .filter(({ height }) => Math.abs(height - side) < 0.01)
    .flatMap(({ x, y, width }) => Array.from({ length: Math.round(width / side) }, (_, n) => ({ x: x + n * side, y })))

/** Decodes the mark of every page from the squares that are drawn there. */
function readMarks(bytes: Uint8Array): (string | null)[] {
  return readRectangles(bytes).map((rectangles) => {
    const cells = squaresOf(rectangles)
    if (cells.length === 0) return null
    const columns = cells.map(({ x }) => x)
    const rows = cells.map(({ y }) => y)
    const [left, top] = [Math.min(...columns), Math.min(...rows)]
    return decode(cells.map(({ x, y }) => [Math.round((x - left) / side), Math.round((y - top) / side)] as const))
  })
}

describe('the file of a run', () => {
  it('begins every letter on a front side, and marks every sheet there', async () => {
    const { bytes, sheets } = await draw([letter(1), letter(2, { largePrint: true })], [letter(3)])
    expect(sheets.map(({ sequence, sheets }) => [sequence, sheets])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
    ])
    const mark = (n: number) => formatLetterMark({ letterId: letter(n).id, sequence: n, sheet: 1, sheets: 1 })
    expect(readMarks(bytes)).toEqual([mark(1), null, mark(2), null, mark(3), null])
    const pages = readPages(bytes)
    expect(pages.map((page) => page.length > 0)).toEqual([true, false, true, true, true, false])
    expect(pages[2]?.map(({ text }) => text)).toContain('2 · 1/1')
  })

  it('counts the sheets of an envelope over its letters and pages, each letter on a front side', async () => {
    const codes = Array.from({ length: 30 }, (_, n) => codeOf(`AAAA-BBBB-${1000 + n}`))
    const notice = {
      ...{ id: letter(1).id, kind: 'mobile_replaced', recipient, date: '2027-03-12', largePrint: false },
      ...{ happenedOn: '2027-03-08', maskedMobile: '+49 151 ••••• 71', url: 'https://example.org/hilfe' },
    } as LetterContent
    const envelope = { id: letter(1).id, letters: [letter(1, { codes }), notice] }
    const { bytes, sheets } = await drawEnvelopes([envelope, { id: letter(2).id, letters: [letter(2)] }])
    const pages = readPages(bytes)
    const textOf = (page: (typeof pages)[number] = []) => page.map(({ text }) => text).join(' ')
    const [first, second] = sheets
    expect(first).toMatchObject({ sequence: 1, id: letter(1).id, kind: 'unlock_code' })
    expect(second).toMatchObject({ sequence: 2, id: letter(2).id, sheets: 1 })
    const count = first?.sheets ?? 0
    expect(count).toBeGreaterThan(2)
    const mark = (sheet: number) => formatLetterMark({ letterId: letter(1).id, sequence: 1, sheet, sheets: count })
    const expected = Array.from({ length: count }, (_, index) => [mark(index + 1), null]).flat()
    expect(readMarks(bytes).slice(0, 2 * count)).toEqual(expected)
    expect(textOf(pages[2 * (count - 1)])).toContain('Ihre neue Mobilnummer')
    expect(textOf(pages[0])).toMatch(/Seite 1 von \d/)
    expect(textOf(pages[2 * (count - 1)])).not.toContain('Seite')
    expect(
      pages.slice(0, 2 * count).filter((page) => page.length > 0 && !textOf(page).includes(`Brief ${letter(1).id}`)),
    ).toEqual([])
  })

  it('keeps the mark clear of window, fold marks and text', async () => {
    const { bytes } = await draw([letter(1)])
    const [page = []] = readRectangles(bytes)
    const inMm = squaresOf(page).map(({ x, y }) => [x / side / 2, y / side / 2])
    for (const [x = 0, y = 0] of inMm) {
      expect(x >= 7 && x <= 20).toBe(true)
      expect(y >= 115 && y <= 140).toBe(true)
    }
    expect(inMm.length).toBeGreaterThan(100)
  })

  it('leaves out a letter that does not fit the window, without a page or a gap', async () => {
    const wide = { ...recipient, name: 'Wort '.repeat(200) }
    const { bytes, sheets, unprintable } = await draw([
      letter(1, { recipient: wide }),
      letter(2),
      letter(3, { recipient: wide }),
    ])
    expect(unprintable).toEqual([letter(1).id, letter(3).id])
    expect(sheets).toMatchObject([{ sequence: 1, id: letter(2).id }])
    expect(readPages(bytes)).toHaveLength(2)
  })

  it('does not grow with the words that one letter alone has', async () => {
    const opened = vi.spyOn(PDFDocument.prototype, 'registerFont')
    type Opened = { _fontFamilies: Record<string, { layoutCache: object }> }
    const keptWords = () => {
      const { _fontFamilies } = opened.mock.contexts.at(-1) as unknown as Opened
      return ['regular', 'bold', 'mono'].map((name) => Object.keys(_fontFamilies[name]?.layoutCache ?? {}))
    }
    const other = { ...recipient, name: 'Zoë Ölßner', street: 'Zum Ährenfeld 3', city: 'Öhringen' }
    await draw([letter(1)])
    const afterOne = keptWords()
    await draw([letter(1), letter(2, { recipient: other, codes: [codeOf('9WXY-4N7J-K2M5')] })])
    expect(keptWords()).toEqual(afterOne)
    expect(afterOne.flat().length).toBeGreaterThan(50)
    opened.mockRestore()
    const shared = vi.spyOn(LetterDocument.prototype, 'drawShared')
    await draw([letter(2, { recipient: other, codes: [codeOf('9WXY-4N7J-K2M5')] })])
    const keys = shared.mock.calls.map(([key]) => key).join('\n')
    shared.mockRestore()
    expect(keys).toContain('Freundliche Grüße')
    for (const own of ['Zoë', 'Ährenfeld', 'Öhringen', '9WXY', letter(2).id]) expect(keys).not.toContain(own)
  })

  it('is empty when nothing can be printed, and the same for the same letters', async () => {
    expect((await draw([])).bytes).toHaveLength(0)
    const [one, other] = [await draw([letter(1), letter(2)]), await draw([letter(1)], [letter(2)])]
    expect(one.bytes.equals(other.bytes)).toBe(true)
  })
})
