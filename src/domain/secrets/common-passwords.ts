/** Characters that people write for letters. */
const lookalikes: Record<string, string> = {
  '@': 'a',
  '4': 'a',
  '3': 'e',
  '1': 'i',
  '0': 'o',
  $: 's',
  '5': 's',
  '7': 't',
}

/** A shorter rest says nothing about the password. */
const shortestRest = 4

/**
 * Creates the check against common passwords from a list, one a line, `#` before remarks. Case, up to ten digits or
 * marks at the end and four digits at the start, look-alikes (`p@ssw0rt`) and repetition do not help a common
 * password; plain runs (`abcdefghijkl`) are common without a list (security.md, "password"; NIST SP 800-63B-4 § 3.1.1.2).
 */
export function createCommonPasswordCheck(lines: Iterable<string>): (password: string) => boolean {
  const common = new Set<string>()
  for (const line of lines) {
    const entry = line.trim()
    if (entry !== '' && !entry.startsWith('#')) for (const form of formsOf(entry)) common.add(form)
  }
  return (password) => {
    const unit = repeatedUnit(password.toLowerCase())
    if (isRun(password) || (unit.length < shortestRest && unit.length < password.length)) return true
    return [password, unit].some((text) => formsOf(text).some((form) => common.has(form)))
  }
}

/** The ways in which a password is compared: as a whole, without its ends, and with letters for look-alikes. */
function formsOf(text: string): string[] {
  const whole = text.normalize('NFKC').toLowerCase().replace(/\s/g, '')
  const rest = whole.replace(/[\d\p{P}\p{S}]{1,10}$/u, '').replace(/^\d{1,4}/, '')
  const forms = [whole, rest, spelledOut(whole), spelledOut(rest)]
  return [...new Set(forms)].filter((form) => form.length >= shortestRest)
}

const spelledOut = (text: string) => text.replace(/[@4310$57]/g, (character) => lookalikes[character] ?? character)

/** The shortest part of which the text is a repetition; the text itself when there is none. */
function repeatedUnit(text: string): string {
  const at = (text + text).indexOf(text, 1)
  return text.slice(0, at)
}

/** Whether each character follows the one before in the alphabet or among the digits, upwards or downwards. */
function isRun(text: string): boolean {
  const codes = [...text.toLowerCase()].map((character) => character.codePointAt(0) ?? 0)
  const step = (codes[1] ?? 0) - (codes[0] ?? 0)
  return Math.abs(step) === 1 && codes.every((code, index) => index === 0 || code - (codes[index - 1] ?? 0) === step)
}
