import { randomUUID } from 'node:crypto'
import { activationLastDay } from '../../domain/deadlines.ts'
import { maskEmail } from '../../domain/email-address.ts'
import { formatMobile } from '../../domain/mobile-number.ts'
import { parseMtan } from '../../domain/mtan.ts'
import type { UnitOfWork } from '../../stores/transaction.ts'
import type { Deps } from '../deps.ts'
import type { Step, StepRequest, Submission } from '../journey.ts'
import type { RegistrationState, StateOf } from './state.ts'

type MtanDeps = Pick<Deps, 'stores' | 'transaction' | 'mtans' | 'mails' | 'clock' | 'deadlines'>
type MtanState = StateOf<'mtan'>

/** Bestätigung der Mobilnummer (seed, 1). The confirmed mTAN creates the registration and sends the activation link. */
export const mtanStep: Step<RegistrationState, 'mtan', MtanDeps> = {
  path: 'mtan',
  async enter(state, deps, request) {
    // Back from the contact page with the same number: its mTAN is on the way already.
    if (state.sending) return { state }
    const prepared = await deps.mtans.prepare(order(state, request), sentBefore(state))
    if ('refused' in prepared)
      return { state: { ...state, sending: null, blockedUntil: (prepared.until ?? deps.clock.now()).toISOString() } }
    return { state: { ...state, sending: prepared.sending, blockedUntil: undefined }, effects: prepared.effects }
  },
  show(state, deps) {
    const { sending } = state
    return {
      model: {
        mobile: formatMobile(state.mobile),
        sent: sending !== null,
        purpose: 'registration',
        expiresAt: sending && new Date(sending.expiresAt),
        resendAt: sending?.resendAt ? new Date(sending.resendAt) : null,
        resendsLeft: sending ? deps.mtans.perJourney - sending.sent : 0,
        blockedUntil: state.blockedUntil ? new Date(state.blockedUntil) : null,
      },
    }
  },
  async submit(input, state, deps, request) {
    const given = parseMtan(input.mtan ?? '')
    if (!given.ok) return { invalid: { mtan: given.reason } }
    if (!state.sending) return { invalid: { mtan: 'budget' } }
    const now = deps.clock.now()
    if (new Date(state.sending.expiresAt) <= now) return { invalid: { mtan: 'expired' } }
    const check = await deps.mtans.check(order(state, request), given.value)
    if (check.result !== 'right') {
      const triesLeft = check.result === 'wrong' ? check.triesLeft : 0
      return {
        invalid: { mtan: triesLeft > 0 ? { reason: 'wrong', params: { triesLeft } } : 'used_up' },
        effects: (unit) => unit.audit.mtanRejected({ at: now, purpose: 'registration' }),
      }
    }
    // Somebody else may have taken the name since the first page.
    if (await deps.stores.accounts.usernameTaken(state.username))
      return { outcome: 'usernameTaken', data: { taken: state.username } }
    const lastDay = activationLastDay(now, deps.deadlines)
    return {
      outcome: 'confirmed',
      data: { email: maskEmail(state.email), activationLastDay: lastDay },
      effects: (unit) => createRegistration(unit, deps, state, check.id, request),
    }
  },
  actions: {
    async resend(_input, state, deps, request) {
      const prepared = await deps.mtans.prepare(order(state, request), sentBefore(state))
      if (!('refused' in prepared))
        return { stay: { ...state, sending: prepared.sending, blockedUntil: undefined }, effects: prepared.effects }
      if (prepared.refused === 'budget') return { invalid: { mtan: 'budget' } }
      return { invalid: { mtan: `resend_${prepared.refused}` } }
    },
    /** Back to the contact page with what was entered there. */
    async change(_input, state) {
      const { step: _step, country: _country, blockedUntil: _until, ...entered } = state
      return { outcome: 'change', data: { ...entered, sent: sentBefore(state)?.sent } }
    },
  },
}

/** What the journey has sent so far, to whichever number: the limit of the journey counts all. */
const sentBefore = ({ sending, sent }: MtanState) => sending ?? (sent ? { sent, expiresAt: '', resendAt: null } : null)

const order = (state: MtanState, request: StepRequest) => ({
  purpose: 'registration' as const,
  // Bound to the number too: a code sent to one number never confirms another.
  subject: `${request.journeyId}:${state.mobile}`,
  mobile: state.mobile,
  country: state.country,
  language: request.language,
  address: request.address,
})

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
  if (await unit.devices.makeKnown(account.id, request.device, now))
    await unit.audit.deviceMadeKnown({ at: now, accountId: account.id, by: 'registration' })
  await unit.audit.registrationCreated({
    at: now,
    accountId: account.id,
    identification: account.identification,
    termsVersion: account.termsVersion,
  })
  await deps.mails.sendActivationLink(unit, account, 'activation', now)
}
