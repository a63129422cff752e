/**
 * Tells keys of 32 bytes that were not drawn at random: few different bytes, a repeated half, a sequence, or plain text. A random
 * one is taken for weak less than once in 10¹² times.
 */
export function isWeakKey(key: Buffer): boolean {
  const steps = [...key].slice(1).map((byte, index) => (byte - (key[index] ?? 0) + 256) % 256)
  return new Set(key).size <= 16 || new Set(steps).size <= 16 || key.every((byte) => byte >= 0x20 && byte < 0x7f)
}

const placeholder = /change.?me|replace.?me|example|placeholder|password|passwort|geheim|secret|beispiel/i

/** Tells secrets in text that can be guessed: short, of few characters, one piece again and again, a sequence, or a word that asks to be replaced. */
export function isWeakWord(word: string): boolean {
  const steps = [...word].slice(1).map((_, index) => word.charCodeAt(index + 1) - word.charCodeAt(index))
  const repeats = (word + word).indexOf(word, 1) < word.length
  return word.length < 16 || new Set(word).size < 8 || new Set(steps).size < 8 || repeats || placeholder.test(word)
}
