import { readFileSync } from 'node:fs'
import ejs from 'ejs'
import { formatDate, formatTime, offered, type TextParams, type Texts } from '../texts.ts'

export type MailTemplate =
  | 'activation'
  | 'activationReminder'
  | 'letterPosted'
  | 'codeReminder'
  | 'newLetterRequested'
  | 'signInReady'
  | 'registrationAttempt'
  | 'browserLink'
  | 'letterReturned'
  | 'operatorAlert'
  | 'staffInvitation'
  | 'staffFactorReset'
  | 'staffSignedIn'
  | 'staffPasskeyAdded'
  | 'staffPasskeyRemoved'
  | 'activationByStaff'
  | 'letterByStaff'
  | 'pauseClearedByStaff'
  | 'signedOutByStaff'
  | 'suspendedByStaff'
  | 'liftedByStaff'
  | 'endedByStaff'
  | 'clientSecretExpires'

export type RenderedMail = { subject: string; text: string; html: string }

type Settings = {
  insurer: { name: string; shortName: string; help: { phone: string; email: string } }
  texts: Texts
  /** Address of the portal without a path. */
  baseUrl: string
}

const layout = ejs.compile(readFileSync(new URL('../../../views/mails/layout.html.ejs', import.meta.url), 'utf8'))

/** Parameters that are days or instants in ISO 8601; all others are shown as they are. */
const days = ['lastDay', 'postedOn', 'letterDay', 'day', 'askAfter']
const instants = ['until']

/** E-mails whose button leads to the sign-in; those with `link` lead there. */
const leadsToSignIn: MailTemplate[] = ['letterPosted', 'codeReminder']

/**
 * Writes an e-mail in plain text and HTML from `mails.<template>` of the locales: paragraphs, at most one button, how to
 * know that it is genuine, and help. `params.link` is the button's address; days and times are ISO 8601.
 */
export function renderMail(
  template: MailTemplate,
  params: TextParams,
  language: string,
  settings: Settings,
): RenderedMail {
  const { insurer, texts, baseUrl } = settings
  const lang = offered(language)
  const t = texts.translator(lang)
  const given: TextParams = {
    ...inWords(params, lang),
    brand: insurer.shortName,
    insurer: insurer.name,
    phone: insurer.help.phone,
    email: insurer.help.email,
    host: new URL(baseUrl).host,
  }
  const paragraphs = texts.lister(lang)(`mails.${template}.paragraphs`, given)
  const link = params.link ?? (leadsToSignIn.includes(template) ? new URL('/anmeldung', baseUrl).href : undefined)
  const content = {
    lang,
    subject: t(`mails.${template}.subject`, given),
    paragraphs,
    button: link === undefined ? undefined : { text: t(`mails.${template}.button`), link: String(link) },
    // A link of its own is what the e-mail is about; the way to the sign-in comes after all that is to be known.
    buttonAfter: params.link === undefined ? paragraphs.length - 1 : 0,
    frame: Object.fromEntries(frameKeys.map((key) => [key, t(`mails.frame.${key}`, given)])),
    insurer,
  }
  return { subject: content.subject, text: plainText(content), html: layout(content) }
}

const frameKeys = ['greeting', 'closing', 'signature', 'linkAlternative', 'genuineHeading', 'genuine', 'help']

type Content = {
  paragraphs: string[]
  button?: { text: string; link: string }
  /** Place among the paragraphs that the button follows. */
  buttonAfter: number
  frame: Record<string, string>
}

function plainText({ paragraphs, button, buttonAfter, frame }: Content): string {
  const parts = paragraphs.map((paragraph, index) =>
    button && index === buttonAfter ? `${paragraph}\n\n${button.text}:\n${button.link}` : paragraph,
  )
  const body = [frame.greeting, ...parts, `${frame.closing}\n${frame.signature}`]
  return `${[...body, '--', `${frame.genuineHeading}\n${frame.genuine}`, frame.help].join('\n\n')}\n`
}

function inWords(params: TextParams, lang: string): TextParams {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => {
      if (days.includes(name)) return [name, formatDate(String(value), lang)]
      if (!instants.includes(name)) return [name, value]
      return [name, `${formatTime(String(value), lang)}, ${formatDate(String(value), lang)}`]
    }),
  )
}
