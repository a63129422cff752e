import type { Texts } from './texts.ts'

export type SmsPurpose = 'registration' | 'signIn' | 'newLetter'

/** `host` with its port; `application` is the name of the application that asks, as staff have approved it. */
export type SmsParams = { code: string; host: string; application: string }

/** Characters of one SMS in the GSM 7-bit alphabet (3GPP TS 23.038). */
const longest = 160
const gsm7 = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà]$/

/**
 * Writes the SMS with an mTAN: what it is for, never to pass it on, and the origin-bound line at the end
 * (security.md, "SMS text"). It is one SMS: a long name of the application is cut.
 */
export function renderSms(purpose: SmsPurpose, params: SmsParams, language: string, texts: Texts): string {
  const t = texts.translator(language)
  const write = (application: string) =>
    `${toGsm7(t(`sms.${purpose}`, { code: params.code, application }))}\n@${params.host} #${params.code}`
  const name = toGsm7(params.application)
  const excess = write(name).length - longest
  return excess <= 0 ? write(name) : write(name.slice(0, Math.max(0, name.length - excess)).trimEnd())
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
function toGsm7(text: string): string {
  return [...text.normalize('NFC')]
    .map((character) => {
      if (gsm7.test(character)) return character
      const plain = replacements[character] ?? character.normalize('NFKD').replace(/\p{M}/gu, '')
      return [...plain].every((each) => gsm7.test(each)) ? plain : '?'
    })
    .join('')
}
