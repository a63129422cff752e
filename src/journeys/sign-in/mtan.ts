import { bounceNotice } from '../../domain/email-bounce.ts'
import { provedSince, signInOf } from '../../domain/factors.ts'
import { maskMobile, parsePhoneCountry } from '../../domain/mobile-number.ts'
import { parseMtan } from '../../domain/mtan.ts'
import type { MtanPurpose } from '../../stores/one-time-codes.ts'
import type { Deps } from '../deps.ts'
import type { FieldErrors, Step, StepRequest, Submission } from '../journey.ts'
import { provedNow } from '../proving.ts'
import { type Barred, lookUpStanding } from '../standing.ts'
import type { SignInState, StateOf } from './state.ts'

type MtanDeps = Pick<Deps, 'stores' | 'transaction' | 'mtans' | 'clock' | 'protocolClock' | 'standing'>
type MtanState = StateOf<'mtan'>

/**
 * mTAN (seed, 4 and 5). Sent when the journey arrives here, again only by the button: a reload sends nothing.
 */
export const mtanStep: Step<SignInState, 'mtan', MtanDeps> = {
  path: 'mtan',
  async enter(state, deps, request) {
    const prepared = await prepare(state, deps, request)
    const { mobile } = prepared
    if ('refused' in prepared) {
      const blockedUntil = (prepared.until ?? deps.clock.now()).toISOString()
      return { state: { ...state, mobile, sending: null, blockedUntil } }
    }
    return { state: { ...state, mobile, sending: prepared.sending }, effects: prepared.effects }
  },
  show(state, deps) {
    const { sending } = state
    return {
      model: {
        mobile: state.mobile ?? '',
        sent: sending !== null,
        purpose: purposeOf(state),
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
    if (!state.sending) return { invalid: { mtan: state.blockedUntil ? 'budget' : 'unsent' } }
    if (new Date(state.sending.expiresAt) <= deps.clock.now()) return { invalid: { mtan: 'expired' } }
    const check = await deps.mtans.check(binding(state, request), given.value)
    if (check.result === 'right') return await accepted(state, check.id, deps, request)
    const event = { at: deps.clock.now(), accountId: state.accountId, purpose: purposeOf(state) }
    const invalid = rejected(check.result === 'wrong' ? check.triesLeft : 0)
    return { invalid, effects: (unit) => unit.audit.mtanRejected(event) }
  },
  actions: {
    async resend(_input, state, deps, request) {
      const prepared = await prepare(state, deps, request)
      if (!('refused' in prepared))
        return { stay: { ...state, sending: prepared.sending, blockedUntil: undefined }, effects: prepared.effects }
      if (prepared.refused === 'budget') return { invalid: { mtan: 'budget' } }
      return { invalid: { mtan: `resend_${prepared.refused}` } }
    },
  },
}

const purposeOf = (state: MtanState): MtanPurpose => (state.way === 'newLetter' ? 'newLetter' : 'signIn')

const binding = (state: MtanState, request: StepRequest) => ({
  purpose: purposeOf(state),
  subject: `${request.journeyId}:${state.accountId}`,
})

async function prepare(state: MtanState, deps: MtanDeps, request: StepRequest) {
  const account = await deps.stores.accounts.find(state.accountId)
  if (!account) return { refused: 'budget' as const, until: deps.clock.now(), mobile: undefined }
  const order = {
    ...binding(state, request),
    accountId: account.id,
    mobile: account.mobile,
    country: parsePhoneCountry(account.mobile),
    language: request.language,
    // Names that staff have not approved never appear in an SMS (security.md).
    application: request.application?.reviewed ? request.application.name : undefined,
    address: request.address,
  }
  return { ...(await deps.mtans.prepare(order, state.sending)), mobile: maskMobile(account.mobile) }
}

function rejected(triesLeft: number): FieldErrors {
  return { mtan: triesLeft === 0 ? 'used_up' : { reason: 'wrong', params: { triesLeft } } }
}

function explain(standing: Barred): { outcome: string; data: object } {
  if (standing.barred === 'suspended') return { outcome: 'suspended', data: { reason: standing.reason } }
  return standing.barred === 'ended' ? { outcome: 'ended', data: {} } : { outcome: 'restart', data: {} }
}

async function accepted(
  state: MtanState,
  codeId: string,
  deps: MtanDeps,
  request: StepRequest,
): Promise<Submission<SignInState>> {
  const now = deps.clock.now()
  const { accountId, deviceKnown, letterId, way } = state
  const consume = async (
    unit: Parameters<NonNullable<Extract<Submission<SignInState>, { outcome: string }>['effects']>>[0],
  ) => ((await unit.codes.consume(codeId, now)) ? undefined : ({ invalid: { mtan: 'used_up' } } as const))
  if (way === 'newLetter') return { outcome: 'newLetter', data: state, effects: consume }
  const standing = await lookUpStanding(deps, accountId, way === 'firstSignIn' ? way : 'laterSignIn')
  if ('barred' in standing) return { ...explain(standing), effects: consume }
  const proofs = { ...state.proofs, sms: provedNow(deps, standing.account) }
  // What was proved before access ended counts no more when it is given back.
  if (!provedSince(proofs, standing.account.signInsFrom)) return { outcome: 'restart', data: {}, effects: consume }
  if (way === 'firstSignIn')
    return { outcome: 'firstSignIn', data: { accountId, deviceKnown, letterId, proofs }, effects: consume }
  const { acr, amr, authTime } = signInOf(proofs)
  const untold = !standing.account.emailBounce?.toldAt && bounceNotice(standing.account)
  return {
    ...(untold ? { outcome: 'emailBounced' } : { outcome: 'laterSignIn' }),
    data: { accountId, proofs },
    async effects(unit) {
      const objection = await consume(unit)
      if (objection) return objection
      // Suspended or ended since the password: nobody is signed in.
      if (!(await unit.accounts.recordSignIn(accountId, now, authTime))) return { invalid: { mtan: 'used_up' } }
      if (await unit.devices.makeKnown(accountId, request.device, now))
        await unit.audit.deviceMadeKnown({ at: now, accountId, by: 'sign_in' })
      const clientId = request.application?.clientId ?? ''
      await unit.audit.signInSucceeded({
        at: now,
        accountId,
        clientId,
        acr,
        amr,
        deviceKnown,
      })
    },
  }
}
