import { StartUpError } from '../../errors.ts'
import { languages, type Texts } from '../texts.ts'
import { cutToSeptets, septetsOf, septetsOfOneSms, toGsm7 } from './gsm7.ts'

export type SmsPurpose = 'registration' | 'signIn' | 'newLetter'

/** `host` as browsers compare it, without scheme and port; `application` is the name of the application that asks, as staff have approved it. */
export type SmsParams = { code: string; host: string; application: string }

const purposes: SmsPurpose[] = ['registration', 'signIn', 'newLetter']

/**
 * Writes the SMS with an mTAN: what it is for, never to pass it on, and at the end the line that binds the code to
 * its origin (security.md, "SMS text"; WICG "Origin-bound one-time codes delivered via SMS"). It is one SMS: a long
 * name of the application is cut, the line never.
 */
export function renderSms(purpose: SmsPurpose, params: SmsParams, language: string, texts: Texts): string {
  const write = writer(purpose, params, language, texts)
  const name = oneLine(toGsm7(params.application))
  return write(cutToSeptets(name, septetsOfOneSms - (septetsOf(write('')) ?? 0)))
}

/**
 * Checks that every SMS has room for the whole `application` (the insurer's short name) beside the host name.
 * @throws StartUpError naming the host name and how long it may be.
 */
export function checkSmsRoom({ host, application }: Omit<SmsParams, 'code'>, texts: Texts): void {
  const longest = Math.max(
    ...purposes.flatMap((purpose) =>
      languages.map((language) => {
        const write = writer(purpose, { code: '000000', host, application }, language, texts)
        return septetsOf(write(oneLine(toGsm7(application)))) ?? Number.POSITIVE_INFINITY
      }),
    ),
  )
  if (longest <= septetsOfOneSms) return
  throw new StartUpError(
    `The host name ${host} of ISSUER is too long: with it an SMS has ${longest} characters, ${septetsOfOneSms} fit. Choose an ISSUER whose host name has at most ${Math.max(0, host.length - (longest - septetsOfOneSms))} characters, or a shorter shortName in insurer.yaml.`,
  )
}

function writer(purpose: SmsPurpose, { code, host }: SmsParams, language: string, texts: Texts) {
  const t = texts.translator(language)
  return (application: string) => `${toGsm7(t(`sms.${purpose}`, { code, application }))}\n@${host} #${code}`
}

/** A line of its own in a name could pass for the line that browsers read. */
const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim()
