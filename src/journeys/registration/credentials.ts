import { parseUsername } from '../../domain/input/username.ts'
import { parseInsuranceNumber } from '../../domain/register/insurance-number.ts'
import { checkPassword } from '../../domain/secrets/password-policy.ts'
import type { Deps, LimitsOf, StoresOf } from '../deps.ts'
import type { FieldErrors, Input, Step, StepRequest } from '../journey.ts'
import type { RegistrationState } from './state.ts'

export type CredentialsDeps = Pick<Deps, 'hasher' | 'hash' | 'isCommonPassword' | 'insurers' | 'termsVersion'> &
  StoresOf<'accounts'> &
  LimitsOf<'registrationAddress' | 'usernameChecks'>

/** Ways of identification (seed: "Identifizierung über den Postweg"); a branch visit or an eID can become further ones. */
const identificationWays = ['post'] as const

/**
 * Versichertennummer, Kassenummer, Benutzername und Passwort (seed, 1). The register is not asked here:
 * nothing outside the letter tells whether a number is known (mission.md, "Who may register").
 */
export const credentialsStep: Step<RegistrationState, 'credentials', CredentialsDeps> = {
  path: '',
  keeps: ['insuranceNumber', 'insurerNumber', 'identification', 'username', 'acceptTerms'],
  show: (state, deps) => ({
    model: { insurers: deps.insurers, identificationWays },
    values: {
      insurerNumber: deps.insurers[0]?.insurerNumber ?? '',
      identification: 'post',
      username: state.taken ?? '',
    },
    errors: state.taken ? { username: 'taken' } : undefined,
  }),
  async submit(input, _state, deps, request) {
    const address = await deps.limits.registrationAddress.use(request.address)
    if (address) return { blockedUntil: address }
    const errors: FieldErrors = {}
    const number = parseInsuranceNumber(input.insuranceNumber ?? '')
    if (!number.ok) errors.insuranceNumber = number.reason
    if (!deps.insurers.some((insurer) => insurer.insurerNumber === input.insurerNumber))
      errors.insurerNumber = input.insurerNumber ? 'unknown' : 'empty'
    if (input.identification !== 'post') errors.identification = 'invalid'
    const username = parseUsername(input.username ?? '')
    if (!username.ok) errors.username = username.reason
    const password = readPassword(input, deps, errors)
    if (!input.acceptTerms) errors.acceptTerms = 'required'
    if (!number.ok || !username.ok || !password || Object.keys(errors).length > 0) return { invalid: errors }
    const refused = await checkAvailable(username.value, deps, request)
    if (refused) return { invalid: { username: refused } }
    return {
      outcome: 'accepted',
      data: {
        insuranceNumber: number.value,
        insurerNumber: input.insurerNumber,
        identification: 'post',
        username: username.value,
        passwordHash: await deps.hasher.hash(password, request.address),
        passwordMark: deps.hash.hash(password.toLowerCase(), 'password_mark'),
        termsVersion: deps.termsVersion,
      },
    }
  },
}

/**
 * A taken name is said; an address may ask ten times an hour (contract.md). Only an otherwise right form asks, so that
 * mistakes elsewhere use nothing up.
 */
async function checkAvailable(username: string, deps: CredentialsDeps, request: StepRequest) {
  if (await deps.limits.usernameChecks.use(request.address)) return 'checks_exhausted'
  return (await deps.stores.accounts.usernameTaken(username)) ? 'taken' : undefined
}

function readPassword(input: Input, deps: CredentialsDeps, errors: FieldErrors): string | undefined {
  const { username, insuranceNumber } = input
  const password = checkPassword(input.password ?? '', { username, insuranceNumber }, deps.isCommonPassword)
  if (!password.ok) errors.password = password.reason
  else if ((input.passwordRepeat ?? '').normalize('NFC') !== password.value) errors.passwordRepeat = 'mismatch'
  return password.ok ? password.value : undefined
}
