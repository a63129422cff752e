import type { Flow } from './flow.ts'
import type {
  AccountExistsLetter,
  LetterContent,
  LetterInsurer,
  NoticeLetter,
  Registration,
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
    name: letter.recipient.name,
    phone: insurer.help.phone,
    phoneNote: insurer.help.phoneNote,
    ...(letter.kind === 'unlock_code' && { lastDay: germanDate(letter.lastDay) }),
    ...('happenedOn' in letter && { happenedOn: germanDate(letter.happenedOn), maskedMobile: letter.maskedMobile }),
    ...valuesOf(registrationsOf(letter)),
  }
}

/** A text names the registration where there is one; where there are several, each has a line of its own. */
function valuesOf([only, ...others]: readonly Registration[]): TextValues {
  if (!only) return {}
  return others.length > 0 ? { count: String(others.length + 1) } : registrationValues(only)
}

function registrationsOf(letter: LetterContent): readonly Registration[] {
  if (letter.kind === 'unlock_code') return letter.codes
  return letter.kind === 'account_exists' ? letter.registrations : []
}

const registrationValues = ({ registeredOn, registeredTime, maskedMobile }: Registration): TextValues => ({
  registeredOn: germanDate(registeredOn),
  registeredTime,
  maskedMobile,
})

/** Writes the text of a letter, from the subject to the signature. */
export function writeBody(flow: Flow, letter: LetterContent, texts: LetterTexts, values: TextValues): void {
  flow.heading(texts[letter.kind].title, { tag: 'H1' })
  flow.paragraph(texts.salutation, { once: true })
  if (letter.kind === 'unlock_code') writeUnlockCode(flow, letter, texts.unlock_code, values)
  else {
    writeIntro(flow, letter, texts)
    writeNotice(flow, letter, texts[letter.kind], values)
  }
  flow.heading(texts[letter.kind].notYouHeading)
  const several = letter.kind === 'unlock_code' && letter.codes.length > 1
  flow.paragraph(several ? texts.unlock_code.several.notYou : texts[letter.kind].notYou)
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
  const { codes } = letter
  const several = codes.length > 1
  flow.paragraph(several ? texts.several.intro : texts.intro)
  if (several) {
    const { registered, mobile } = texts.several
    flow.codeBoxes(codes.map((each) => ({ lines: [registered, mobile], ...each, values: registrationValues(each) })))
    flow.paragraph(texts.validUntil)
  } else for (const { code } of codes) flow.codeBox({ label: texts.codeLabel, code, below: texts.validUntil })
  flow.steps(texts.stepsHeading, several ? texts.several.steps : texts.steps, {
    url: letter.signInUrl,
    alternative: fillText(texts.qrAlternative, values),
    caption: texts.qrCaption,
  })
  flow.paragraph(texts.afterwards)
}

/** What happened; several registrations are listed. */
function writeIntro(flow: Flow, letter: AccountExistsLetter | NoticeLetter, texts: LetterTexts): void {
  if (letter.kind !== 'account_exists' || letter.registrations.length === 1) {
    flow.paragraph(texts[letter.kind].intro)
    return
  }
  const { intro, registration } = texts.account_exists.several
  flow.paragraph(intro, { gap: 0.6 })
  for (const [index, each] of letter.registrations.entries()) {
    const last = index === letter.registrations.length - 1
    flow.paragraph(`•\u00a0${registration}`, { ...(last ? {} : { gap: 0 }), values: registrationValues(each) })
  }
}

/** Letters without a code: what it means, what can be done. */
function writeNotice(
  flow: Flow,
  letter: AccountExistsLetter | NoticeLetter,
  texts: LetterTexts['mobile_replaced'],
  values: TextValues,
): void {
  flow.paragraph(texts.account)
  flow.steps(texts.stepsHeading, texts.steps, {
    url: letter.helpUrl,
    alternative: fillText(texts.qrAlternative, values),
    caption: texts.qrCaption,
  })
}
