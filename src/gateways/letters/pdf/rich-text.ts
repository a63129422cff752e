import { fillText, type TextValues } from './letter-texts.ts'

/** A piece of text in one weight. */
export type Segment = { text: string; bold: boolean }
/** A piece of a laid-out line; `x` is its distance from the line's start in points. */
export type Run = Segment & { x: number }
export type Line = Run[]
export type Measure = (text: string, bold: boolean) => number

const noBreak = '\u00a0'
const shortValue = 26

/** Keeps short values on one line. */
export const glue = (values: TextValues): TextValues =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      value.length <= shortValue ? value.replaceAll(' ', noBreak) : value,
    ]),
  )

/** Splits `**bold**` markup, then fills in the values, so that a star in a value stays a star. */
export function toSegments(template: string, values: TextValues): Segment[] {
  return template
    .split('**')
    .map((part, index) => ({ text: fillText(part, values), bold: index % 2 === 1 }))
    .filter((segment) => segment.text !== '')
}

function toWords(segments: Segment[]): Segment[][] {
  const words: Segment[][] = [[]]
  for (const { text, bold } of segments) {
    for (const [index, piece] of text.split(' ').entries()) {
      if (index > 0) words.push([])
      if (piece !== '') words.at(-1)!.push({ text: piece, bold })
    }
  }
  return words.filter((word) => word.length > 0)
}

const drawn = (text: string) => text.replaceAll(noBreak, ' ')

function widthOf(word: Segment[], measure: Measure): number {
  return word.reduce((sum, piece) => sum + measure(drawn(piece.text), piece.bold), 0)
}

/** A word wider than the line gives up its glue first, then breaks between letters (long addresses, very long names). */
function breakWord(word: Segment[], width: number, measure: Measure): Segment[][] {
  if (widthOf(word, measure) <= width) return [word]
  if (word.some((piece) => piece.text.includes(noBreak))) {
    return toWords(word.map((piece) => ({ ...piece, text: drawn(piece.text) }))).flatMap((part) =>
      breakWord(part, width, measure),
    )
  }
  const parts: Segment[][] = [[]]
  for (const piece of word) {
    for (const { segment: letter } of new Intl.Segmenter('de').segment(piece.text)) {
      const candidate = append(parts.at(-1)!, { text: letter, bold: piece.bold })
      if (parts.at(-1)!.length > 0 && widthOf(candidate, measure) > width)
        parts.push([{ text: letter, bold: piece.bold }])
      else parts[parts.length - 1] = candidate
    }
  }
  return parts
}

function append(line: Segment[], piece: Segment): Segment[] {
  const last = line.at(-1)
  if (last?.bold !== piece.bold) return [...line, piece]
  return [...line.slice(0, -1), { text: last.text + piece.text, bold: piece.bold }]
}

function place(line: Segment[], measure: Measure): Line {
  let x = 0
  return line.map((segment, index) => {
    const run = { text: drawn(segment.text), bold: segment.bold, x }
    if (index < line.length - 1) x += measure(run.text, run.bold)
    return run
  })
}

function addWord(line: Segment[], word: Segment[]): Segment[] {
  const blank = line.length > 0 ? [{ text: ' ', bold: line.at(-1)!.bold && word[0]!.bold }] : []
  return [...blank, ...word].reduce(append, line)
}

/** Breaks segments into lines of at most `width` points, ragged right; equal weights of one line come as one run. */
export function layOut(segments: Segment[], width: number, measure: Measure): Line[] {
  const words = toWords(segments)
  const whole = words.reduce(addWord, [])
  if (widthOf(whole, measure) <= width) return whole.length > 0 ? [place(whole, measure)] : []
  const lines: Segment[][] = []
  let line: Segment[] = []
  for (const word of words.flatMap((each) => breakWord(each, width, measure))) {
    const candidate = addWord(line, word)
    if (line.length > 0 && widthOf(candidate, measure) > width) {
      lines.push(line)
      line = word
    } else line = candidate
  }
  if (line.length > 0) lines.push(line)
  return lines.map((each) => place(each, measure))
}
