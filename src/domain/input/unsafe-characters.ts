/** Control characters, line and paragraph separators, and the marks that turn the direction of text. */
const unsafe = /[\p{Cc}\u2028\u2029]/u
const bidiMarks = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** Tells whether a text holds control characters, line separators or lone surrogates (security.md, "Refuse, clearly"). */
export function hasUnsafeCharacters(text: string): boolean {
  return !text.isWellFormed() || unsafe.test(text)
}

/** Tells whether a text holds marks that turn the direction of text and so can make it look like another. */
export function hasBidiMarks(text: string): boolean {
  return bidiMarks.test(text)
}
