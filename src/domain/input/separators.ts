/** What people put between the groups of a number or code: blanks, dashes, dots, underscores and invisible characters. */
const separators = /[\s\p{Pd}\p{Zs}\u00ad\u2043\u2212\u200b-\u200d\u2060\ufeff._·•]/gu

/** Takes the separators out of a number or code and turns fullwidth forms into plain ones (NFKC). */
export function withoutSeparators(input: string): string {
  return input.replace(separators, '').normalize('NFKC').replace(separators, '')
}
