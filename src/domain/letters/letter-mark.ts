/** What the mark at the edge of a sheet says: DataMatrix for the inserter and for returned mail. */
export type LetterMark = {
  /** Id of the letter, a UUID. */
  letterId: string
  /** Place of the letter in its run, from 1; gaps tell the inserter that a letter is missing. */
  sequence: number
  /** Sheet `sheet` of `sheets`, from 1. */
  sheet: number
  sheets: number
}

const digits = (value: number, width: number) => String(value).padStart(width, '0')

/**
 * Writes a mark as 42 characters of fixed places, digits and capital letters only, which DataMatrix packs three to two
 * codewords (ISO/IEC 16022, C40): letter id without dashes (32), sequence (6), sheet (2), sheets (2).
 */
export function formatLetterMark({ letterId, sequence, sheet, sheets }: LetterMark): string {
  return `${letterId.replaceAll('-', '').toUpperCase()}${digits(sequence, 6)}${digits(sheet, 2)}${digits(sheets, 2)}`
}

/** Reads a scanned mark; `null` when the text is none. */
export function parseLetterMark(text: string): LetterMark | null {
  const parts = /^([0-9A-F]{8})([0-9A-F]{4})([0-9A-F]{4})([0-9A-F]{4})([0-9A-F]{12})(\d{6})(\d\d)(\d\d)$/.exec(
    text.trim().toUpperCase(),
  )
  if (!parts) return null
  const [, a, b, c, d, e, ...numbers] = parts
  const [sequence = 0, sheet = 0, sheets = 0] = numbers.map(Number)
  return { letterId: [a, b, c, d, e].join('-').toLowerCase(), sequence, sheet, sheets }
}
