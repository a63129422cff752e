import { inflateSync } from 'node:zlib'

/** One run of text on a page: its baseline from `x` to `end`, in millimetres from the top left corner; size in points. */
export type PlacedText = { text: string; x: number; end: number; y: number; size: number; missingGlyph: boolean }
type Font = { characters: string[]; widths: number[] }

const pointsPerMm = 72 / 25.4
const pageHeight = 841.89

type Objects = Map<string, { head: string; stream: string }>

function readObjects(pdf: Uint8Array): Objects {
  const source = Buffer.from(pdf).toString('latin1')
  const objects: Objects = new Map()
  for (const match of source.matchAll(/^(\d+) 0 obj\n([\s\S]*?)\nendobj$/gm)) {
    const [head = '', body] = match[2]!.split(/\nstream\n/)
    const raw = Buffer.from((body ?? '').replace(/\nendstream$/, ''), 'latin1')
    const stream = head.includes('/FlateDecode') ? inflateSync(raw).toString('latin1') : raw.toString('latin1')
    objects.set(match[1]!, { head, stream })
  }
  return objects
}

const hexText = (hex: string) =>
  String.fromCodePoint(...(hex.replaceAll(' ', '').match(/.{4}/g) ?? []).map((unit) => Number.parseInt(unit, 16)))

/** Reads a ToUnicode map; its ranges count on from their first code, one entry per glyph. */
function readCharacterMap(stream: string): string[] {
  const characters: string[] = []
  for (const [, first, , entries] of stream.matchAll(/<(\w{4})> <(\w{4})> \[([^\]]*)\]/g)) {
    for (const [index, [, hex]] of [...entries!.matchAll(/<([\w ]*)>/g)].entries()) {
      characters[Number.parseInt(first!, 16) + index] = hexText(hex!)
    }
  }
  return characters
}

const reference = (head: string, key: string) => head.match(new RegExp(`/${key} (\\d+) 0 R`))?.[1] ?? ''

function readFonts(objects: Objects, resources: string): Map<string, Font> {
  const fonts = resources.match(/\/Font <<([\s\S]*?)>>/)?.[1] ?? ''
  return new Map(
    [...fonts.matchAll(/\/(\w+) (\d+) 0 R/g)].map(([, name, id]) => {
      const { head } = objects.get(id!)!
      const descendant = objects.get(head.match(/\/DescendantFonts \[(\d+) 0 R/)![1]!)!.head
      const widths = descendant
        .match(/\/W \[0 \[([^\]]*)/)![1]!
        .split(' ')
        .map(Number)
      return [name!, { characters: readCharacterMap(objects.get(reference(head, 'ToUnicode'))!.stream), widths }]
    }),
  )
}

function readContents(pdf: Uint8Array): { content: string; fonts: Map<string, Font> }[] {
  const objects = readObjects(pdf)
  const pages = [...objects.values()].filter(({ head }) => /\/Type \/Page\n/.test(head))
  return pages.map(({ head }) => ({
    content: objects.get(reference(head, 'Contents'))!.stream,
    fonts: readFonts(objects, objects.get(reference(head, 'Resources'))?.head ?? head),
  }))
}

const textRun = /BT\n1 0 0 1 ([\d.]+) ([\d.]+) Tm\n\/(\w+) ([\d.]+) Tf\n([\s\S]*?)\nET/g

/** Reads the text of every page as pdfkit writes it: one BT … ET per run, moved on within it only to place accents; blanks at the end are left off. */
export function readPages(pdf: Uint8Array): PlacedText[][] {
  return readContents(pdf).map(({ content, fonts }) =>
    [...content.matchAll(textRun)].map(([, x, y, name, size, shown]) => {
      const font = fonts.get(name!)!
      const codes = [...shown!.matchAll(/<(\w+)>/g)]
        .flatMap(([, hex]) => hex!.match(/.{4}/g) ?? [])
        .map((code) => Number.parseInt(code, 16))
      while (font.characters[codes.at(-1)!] === ' ') codes.pop()
      const width = codes.reduce((sum, code) => sum + font.widths[code]!, 0) * (Number(size) / 1000)
      return {
        text: codes.map((code) => font.characters[code] ?? '').join(''),
        x: Number(x) / pointsPerMm,
        end: (Number(x) + width) / pointsPerMm,
        y: (pageHeight - Number(y)) / pointsPerMm,
        size: Number(size),
        missingGlyph: codes.includes(0),
      }
    }),
  )
}

/** Reads the rectangles of every page: place of the top left corner, width and height in points. */
export function readRectangles(pdf: Uint8Array): { x: number; y: number; width: number; height: number }[][] {
  return readContents(pdf).map(({ content }) =>
    [...content.matchAll(/^([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re$/gm)].map(([, x, y, width, height]) => ({
      x: Number(x),
      y: Number(y),
      width: Number(width),
      height: Number(height),
    })),
  )
}
