/** The basic character set of the GSM 7-bit default alphabet, and its extension, whose characters take two septets (3GPP TS 23.038, 6.2.1). */
const basic = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà]$/
const extension = /^[\^{}\\[~\]|€]$/

/** Septets of one SMS that is not split. */
export const septetsOfOneSms = 160

/** Counts the septets of a text; `undefined` when a character is not in the GSM alphabet. */
export function septetsOf(text: string): number | undefined {
  let septets = 0
  for (const character of text) {
    if (basic.test(character)) septets += 1
    else if (extension.test(character)) septets += 2
    else return undefined
  }
  return septets
}

const replacements: Record<string, string> = {
  '–': '-',
  '—': '-',
  '„': '"',
  '“': '"',
  '”': '"',
  '’': "'",
  '‘': "'",
  '…': '...',
}

/** Replaces what the GSM alphabet lacks: accents go, other signs become `?`; one foreign sign would halve the space of an SMS. */
export function toGsm7(text: string): string {
  return [...text.normalize('NFC')]
    .map((character) => {
      if (septetsOf(character) !== undefined) return character
      const plain = replacements[character] ?? character.normalize('NFKD').replace(/\p{M}/gu, '')
      return septetsOf(plain) === undefined ? '?' : plain
    })
    .join('')
}

/** Cuts a text of the GSM alphabet so that it takes at most `septets`. */
export function cutToSeptets(text: string, septets: number): string {
  let room = septets
  let cut = ''
  for (const character of text) {
    room -= septetsOf(character) ?? 1
    if (room < 0) break
    cut += character
  }
  return cut.trimEnd()
}
