import type { Flow } from './flow.ts'
import type {
  AccountExistsLetter,
  LetterContent,
  LetterInsurer,
  NoticeLetter,
  UnlockCodeLetter,
} from './letter-content.ts'
import { fillText, germanDate, type LetterTexts, type TextValues } from './letter-texts.ts'

/** Gathers what the texts of one letter may name; days are written out in German. */
export function letterValues(letter: LetterContent, insurer: LetterInsurer): TextValues {
  const url = letter.kind === 'unlock_code' ? letter.signInUrl : letter.helpUrl
  return {
    address: url.replace(/^https:\/\//, '').replace(/\/$/, ''),
    branch: insurer.help.branchText,
    email: insurer.help.email,
    id: letter.id,
    insurer: insurer.shortName,
    maskedMobile: letter.maskedMobile,
    name: letter.recipient.name,
    phone: insurer.help.phone,
    phoneNote: insurer.help.phoneNote,
    registeredOn: germanDate(letter.registeredOn),
    ...(letter.kind === 'unlock_code' && { lastDay: germanDate(letter.lastDay) }),
    ...('happenedOn' in letter && { happenedOn: germanDate(letter.happenedOn) }),
  }
}

/** Writes the text of a letter, from the subject to the signature. */
export function writeBody(flow: Flow, letter: LetterContent, texts: LetterTexts, values: TextValues): void {
  flow.heading(texts[letter.kind].title, { tag: 'H1' })
  flow.paragraph(texts.salutation, { once: true })
  if (letter.kind === 'unlock_code') writeUnlockCode(flow, letter, texts.unlock_code, values)
  else writeNotice(flow, letter, texts[letter.kind], values)
  flow.heading(texts[letter.kind].notYouHeading)
  flow.paragraph(texts[letter.kind].notYou)
  flow.heading(texts.help.heading)
  const { intro, phone, branch, email } = texts.help
  flow.paragraph(intro, { gap: 0 })
  for (const channel of [phone, email]) flow.paragraph(`•\u00a0${channel}`, { gap: 0 })
  flow.paragraph(`•\u00a0${branch}`)
  flow.paragraph(texts.closing, { gap: 0 })
  flow.paragraph(texts.signature)
}

/** The first sign-in as the seed lists it ("Erste Anmeldung"): password, Freischaltcode, mTAN, Sicherheitsfrage. */
function writeUnlockCode(
  flow: Flow,
  letter: UnlockCodeLetter,
  texts: LetterTexts['unlock_code'],
  values: TextValues,
): void {
  flow.paragraph(texts.intro)
  flow.codeBox({ label: texts.codeLabel, code: letter.code, below: texts.validUntil })
  flow.steps(texts.stepsHeading, texts.steps, {
    url: letter.signInUrl,
    alternative: fillText(texts.qrAlternative, values),
    caption: texts.qrCaption,
  })
  flow.paragraph(texts.afterwards)
}

/** Letters without a code: what happened, what it means, what can be done. */
function writeNotice(
  flow: Flow,
  letter: AccountExistsLetter | NoticeLetter,
  texts: LetterTexts['account_exists'],
  values: TextValues,
): void {
  flow.paragraph(texts.intro)
  flow.paragraph(texts.account)
  flow.steps(texts.stepsHeading, texts.steps, {
    url: letter.helpUrl,
    alternative: fillText(texts.qrAlternative, values),
    caption: texts.qrCaption,
  })
}
