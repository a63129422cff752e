import type { Flow } from './flow.ts'
import type {
  AttemptsLetter,
  CodesLetter,
  LetterContent,
  LetterInsurer,
  NoticeLetter,
  Registration,
} from './letter-content.ts'
import { fillText, germanDate, type LetterTexts, type TextValues } from './letter-texts.ts'

/** Gathers what the texts of one letter may name; days are written out in German. */
export function letterValues(letter: LetterContent, insurer: LetterInsurer): TextValues {
  return {
    address: letter.url.replace(/^https:\/\//, '').replace(/\/$/, ''),
    branch: insurer.help.branchText,
    email: insurer.help.email,
    id: letter.id,
    insurer: insurer.shortName,
    name: letter.recipient.name,
    phone: insurer.help.phone,
    phoneNote: insurer.help.phoneNote,
    ...('lastDay' in letter && { lastDay: germanDate(letter.lastDay) }),
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
  if ('codes' in letter) return letter.codes
  return 'registrations' in letter ? letter.registrations : []
}

const registrationValues = ({ registeredOn, registeredTime, maskedMobile }: Registration): TextValues => ({
  registeredOn: germanDate(registeredOn),
  registeredTime,
  maskedMobile,
})

/** Writes the text of a letter, from the subject to the signature. */
export function writeBody(flow: Flow, letter: LetterContent, texts: LetterTexts, values: TextValues): void {
  const own = texts[letter.kind]
  flow.heading(own.title, { tag: 'H1' })
  flow.paragraph(texts.salutation, { once: true })
  if ('codes' in letter) writeCodes(flow, letter, texts[letter.kind], values)
  else if ('registrations' in letter) writeAttempts(flow, letter, texts[letter.kind], values)
  else writeNotice(flow, letter, texts[letter.kind], values)
  flow.heading(own.notYouHeading)
  flow.paragraph('codes' in letter && letter.codes.length > 1 ? texts[letter.kind].several.notYou : own.notYou)
  flow.heading(texts.help.heading)
  const { intro, phone, branch, email } = texts.help
  flow.paragraph(intro, { gap: 0 })
  for (const channel of [phone, email]) flow.paragraph(`•\u00a0${channel}`, { gap: 0 })
  flow.paragraph(`•\u00a0${branch}`)
  flow.paragraph(texts.closing, { gap: 0 })
  flow.paragraph(texts.signature)
}

type TextsOf<Letter extends LetterContent> = LetterTexts[Letter['kind']]

/** What is to be entered and how; for the first sign-in as the seed lists it: password, Freischaltcode, mTAN, Sicherheitsfrage. */
function writeCodes(flow: Flow, letter: CodesLetter, texts: TextsOf<CodesLetter>, values: TextValues): void {
  const { codes } = letter
  const several = codes.length > 1
  flow.paragraph(several ? texts.several.intro : texts.intro)
  if (several) {
    const { registered, mobile } = texts.several
    flow.codeBoxes(codes.map((each) => ({ lines: [registered, mobile], ...each, values: registrationValues(each) })))
    flow.paragraph(texts.validUntil)
  } else for (const { code } of codes) flow.codeBox({ label: texts.codeLabel, code, below: texts.validUntil })
  writeSteps(flow, letter, several ? { ...texts, steps: texts.several.steps } : texts, values)
  flow.paragraph(texts.afterwards)
}

/** Who tried to register; several registrations are listed. */
function writeAttempts(flow: Flow, letter: AttemptsLetter, texts: TextsOf<AttemptsLetter>, values: TextValues): void {
  const { registrations } = letter
  if (registrations.length === 1) flow.paragraph(texts.intro)
  else {
    flow.paragraph(texts.several.intro, { gap: 0.6 })
    for (const [index, each] of registrations.entries()) {
      const last = index === registrations.length - 1
      const own = { ...(last ? {} : { gap: 0 }), values: registrationValues(each) }
      flow.paragraph(`•\u00a0${texts.several.registration}`, own)
    }
  }
  flow.paragraph(texts.account)
  writeSteps(flow, letter, texts, values)
}

/** What happened, what it means, what can be done. */
function writeNotice(flow: Flow, letter: NoticeLetter, texts: TextsOf<NoticeLetter>, values: TextValues): void {
  flow.paragraph(texts.intro)
  flow.paragraph(texts.account)
  writeSteps(flow, letter, texts, values)
}

type StepTexts = Pick<TextsOf<LetterContent>, 'stepsHeading' | 'steps' | 'qrAlternative' | 'qrCaption'>

function writeSteps(flow: Flow, { url }: LetterContent, texts: StepTexts, values: TextValues): void {
  flow.steps(texts.stepsHeading, texts.steps, {
    url,
    alternative: fillText(texts.qrAlternative, values),
    caption: texts.qrCaption,
  })
}
