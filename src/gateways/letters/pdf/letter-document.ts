import PDFDocument from 'pdfkit'
import type { Line } from './rich-text.ts'

/** Operators of a page as they were written once, and the fonts that they name. */
type Drawn = { operators: Uint8Array; fonts: [name: string, font: unknown][] }

/**
 * A PDF of letters. What many letters share is laid out and encoded once and repeated from then on, byte for byte: measuring and
 * encoding the same words again takes most of the time of a run.
 */
export class LetterDocument extends PDFDocument {
  /** Lines by text, width and size. */
  readonly laidOut = createMemo<Line[]>()
  readonly #drawn = createMemo<Drawn>()
  #recorded: Uint8Array[] | null = null

  override addContent(operators: string | Uint8Array): this {
    if (this.#recorded) this.#recorded.push(Buffer.from(`${operators}\n`, 'latin1'))
    super.addContent(operators)
    return this
  }

  /** pdfkit measures what it has drawn, to go on behind it; who places every run says by `textWidth` that nobody asks. */
  override widthOfString(text: string, options: PDFKit.Mixins.TextOptions & { textWidth?: number } = {}): number {
    return options.textWidth ?? super.widthOfString(text, options)
  }

  /** Draws what `key` stands for, with its place; `draw` is called when it was not drawn before, and draws nothing shared within. */
  drawShared(key: string, draw: () => void): void {
    let isNew = false
    const { operators, fonts } = this.#drawn(key, () => {
      isNew = true
      return this.#record(draw)
    })
    if (isNew) return
    for (const [name, font] of fonts) this.page.fonts[name] ??= font
    super.addContent(operators)
  }

  #record(draw: () => void): Drawn {
    this.#recorded = []
    draw()
    const operators = Buffer.concat(this.#recorded)
    this.#recorded = null
    const names = operators.toString('latin1').matchAll(/^\/(\w+) [\d.]+ Tf$/gm)
    return { operators, fonts: [...names].map(([, name = '']) => [name, this.page.fonts[name]]) }
  }
}

const keptAtMost = 4000

/** Keeps what was made for a key; when that is too much it begins anew, so that it does not grow with the letters of a run. */
function createMemo<T>() {
  const kept = new Map<string, T>()
  return (key: string, make: () => T): T => {
    const known = kept.get(key)
    if (known !== undefined) return known
    if (kept.size >= keptAtMost) kept.clear()
    const made = make()
    kept.set(key, made)
    return made
  }
}
