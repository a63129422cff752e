import { parseEmail, suggestEmail } from '../../domain/input/email-address.ts'
import { parseMobileNumber } from '../../domain/input/mobile-number.ts'
import type { Deps } from '../deps.ts'
import type { FieldErrors, Step } from '../journey.ts'
import type { RegistrationState } from './state.ts'

export type ContactDeps = Pick<Deps, 'mobileCountries' | 'hash'>

/** E-Mail-Adresse und Mobilnummer (seed, 1). A likely typing error in the address is pointed out once. */
export const contactStep: Step<RegistrationState, 'contact', ContactDeps> = {
  path: 'kontakt',
  keeps: ['email', 'mobile'],
  show: (state, deps) => ({
    model: { countries: deps.mobileCountries },
    values: { email: state.email ?? '', mobile: state.mobile ?? '' },
  }),
  async submit(input, state, deps) {
    const errors: FieldErrors = {}
    let emailSuggestion: string | undefined
    const email = parseEmail(input.email ?? '')
    if (!email.ok) errors.email = email.reason
    else if (input.emailConfirmed !== email.value) {
      emailSuggestion = suggestEmail(email.value) ?? undefined
      if (emailSuggestion) errors.email = { reason: 'suggestion', params: { suggestion: emailSuggestion } }
    }
    const mobile = parseMobileNumber(input.mobile ?? '', {
      defaultCountry: 'DE',
      allowedCountries: [...deps.mobileCountries],
    })
    if (!mobile.ok) errors.mobile = mobile.reason
    if (!email.ok || !mobile.ok || Object.keys(errors).length > 0)
      return { invalid: errors, model: { countries: deps.mobileCountries, emailSuggestion } }
    if (isPassword(email.value, state.passwordMark, deps)) return { invalid: { email: 'same_as_password' } }
    const { step: _step, ...entered } = state
    const sending = mobile.e164 === state.mobile ? (state.sending ?? null) : null
    const data = { ...entered, email: email.value, mobile: mobile.e164, country: mobile.country, sending }
    return { outcome: 'accepted', data }
  },
}

/** The password must not be the e-mail address or the part before the @ (security.md, "password"); only its mark is left here. */
function isPassword(email: string, mark: string, { hash }: ContactDeps): boolean {
  const candidates = [email, email.slice(0, email.indexOf('@'))]
  return candidates.some((each) => hash.matches(each.toLowerCase(), 'password_mark', mark))
}
