import { randomUUID } from 'node:crypto'
import { activationLastDay } from '../../domain/deadlines.ts'
import { maskEmail } from '../../domain/input/email-address.ts'
import { formatMobile } from '../../domain/input/mobile-number.ts'
import type { MtanPurpose } from '../../stores/sign-in/one-time-codes.ts'
import type { UnitOfWork } from '../../stores/transaction.ts'
import type { Deps, StoresOf } from '../deps.ts'
import type { Step, StepRequest, Submission } from '../journey.ts'
import { arriveWith, checkMtan, resendWith, showMtan } from '../mtan-page.ts'
import type { RegistrationState, StateOf } from './state.ts'

export type MtanDeps = Pick<Deps, 'mtans' | 'mails' | 'clock' | 'deadlines'> & StoresOf<'accounts'>
type MtanState = StateOf<'mtan'>

/** Bestätigung der Mobilnummer (seed, 1). The confirmed mTAN creates the registration and sends the activation link. */
export const mtanStep: Step<RegistrationState, 'mtan', MtanDeps> = {
  path: 'mtan',
  async enter(state, deps, request) {
    // Back from the contact page with the same number: its mTAN is on the way already.
    if (state.sending) return { state }
    return arriveWith(state, await prepare(state, deps, request), deps)
  },
  show: (state, deps) => showMtan(state, { mobile: formatMobile(state.mobile), purpose }, deps),
  async submit(input, state, deps, request) {
    const check = await checkMtan(input, state, binding(state, request), deps)
    if ('invalid' in check) return check
    // Somebody else may have taken the name since the first page.
    if (await deps.stores.accounts.usernameTaken(state.username))
      return { outcome: 'usernameTaken', data: { taken: state.username } }
    const lastDay = activationLastDay(deps.clock.now(), deps.deadlines)
    return {
      outcome: 'confirmed',
      data: { email: maskEmail(state.email), activationLastDay: lastDay },
      effects: (unit) => createRegistration(unit, deps, state, check.codeId, request),
    }
  },
  actions: {
    resend: async (_input, state, deps, request) => resendWith(state, await prepare(state, deps, request)),
    /** Back to the contact page with what was entered there. */
    async change(_input, state) {
      const { step: _step, country: _country, blockedUntil: _until, ...entered } = state
      return { outcome: 'change', data: { ...entered, sent: sentBefore(state)?.sent } }
    },
  },
}

/** What the journey has sent so far, to whichever number: the limit of the journey counts all. */
const sentBefore = ({ sending, sent }: MtanState) => sending ?? (sent ? { sent, expiresAt: '', resendAt: null } : null)

const purpose: MtanPurpose = 'registration'

const binding = (state: MtanState, request: StepRequest) => ({
  purpose,
  // Bound to the number too: a code sent to one number never confirms another.
  subject: `${request.journeyId}:${state.mobile}`,
})

function prepare(state: MtanState, deps: MtanDeps, request: StepRequest) {
  const { mobile, country } = state
  const { language, address } = request
  return deps.mtans.prepare({ ...binding(state, request), mobile, country, language, address }, sentBefore(state))
}

async function createRegistration(
  unit: UnitOfWork,
  deps: MtanDeps,
  state: MtanState,
  codeId: string,
  request: StepRequest,
): Promise<Submission<RegistrationState> | undefined> {
  const now = deps.clock.now()
  if (!(await unit.codes.consume(codeId, now))) return { invalid: { mtan: 'used_up' } }
  const account = {
    id: randomUUID(),
    username: state.username,
    passwordHash: state.passwordHash,
    insuranceNumber: state.insuranceNumber,
    insurerNumber: state.insurerNumber,
    identification: state.identification,
    email: state.email,
    mobile: state.mobile,
    language: request.language,
    termsVersion: state.termsVersion,
    registeredAt: now,
    activationLastDay: activationLastDay(now, deps.deadlines),
  }
  // Somebody took the name in this very moment: nothing happens, and the next try leads to the first page.
  if (!(await unit.accounts.create(account))) return { invalid: { mtan: 'used_up' } }
  if (await unit.browsers.makeKnown(account.id, request.browser, now))
    await unit.audit.browserMadeKnown({ at: now, accountId: account.id, by: 'registration' })
  await unit.audit.registrationCreated({
    at: now,
    accountId: account.id,
    identification: account.identification,
    termsVersion: account.termsVersion,
  })
  await deps.mails.sendActivationLink(unit, account, 'activation', now)
}
