import { provedSince, signInOf } from '../../domain/factors.ts'
import { maskMobile, parsePhoneCountry } from '../../domain/input/mobile-number.ts'
import { bounceNotice } from '../../domain/messages/email-bounce.ts'
import type { MtanPurpose } from '../../stores/sign-in/one-time-codes.ts'
import type { UnitOfWork } from '../../stores/transaction.ts'
import type { Deps, StoresOf } from '../deps.ts'
import type { Step, StepRequest, Submission } from '../journey.ts'
import { arriveWith, checkMtan, resendWith, showMtan } from '../mtan-page.ts'
import { provedNow } from '../proving.ts'
import { type Barred, lookUpStanding, type StandingDeps } from '../standing.ts'
import type { SignInState, StateOf } from './state.ts'

export type MtanDeps = Pick<Deps, 'mtans' | 'clock' | 'protocolClock'> & StoresOf<'accounts'> & StandingDeps
type MtanState = StateOf<'mtan'>

/**
 * mTAN (seed, 4 and 5). Sent when the journey arrives here, again only by the button: a reload sends nothing.
 */
export const mtanStep: Step<SignInState, 'mtan', MtanDeps> = {
  path: 'mtan',
  async enter(state, deps, request) {
    const { mobile, prepared } = await prepare(state, deps, request)
    return arriveWith({ ...state, mobile }, prepared, deps)
  },
  show: (state, deps) => showMtan(state, { mobile: state.mobile ?? '', purpose: purposeOf(state) }, deps),
  async submit(input, state, deps, request) {
    const check = await checkMtan(input, state, { ...binding(state, request), accountId: state.accountId }, deps)
    return 'invalid' in check ? check : await accepted(state, check.codeId, deps, request)
  },
  actions: {
    resend: async (_input, state, deps, request) => resendWith(state, (await prepare(state, deps, request)).prepared),
  },
}

const purposeOf = (state: MtanState): MtanPurpose => (state.way === 'newLetter' ? 'newLetter' : 'signIn')

const binding = (state: MtanState, request: StepRequest) => ({
  purpose: purposeOf(state),
  subject: `${request.journeyId}:${state.accountId}`,
})

async function prepare(state: MtanState, deps: MtanDeps, request: StepRequest) {
  const known = request.account?.id === state.accountId ? request.account : undefined
  const account = known ?? (await deps.stores.accounts.find(state.accountId))
  if (!account) return { prepared: { refused: 'budget' as const, until: deps.clock.now() }, mobile: undefined }
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
  return { prepared: await deps.mtans.prepare(order, state.sending), mobile: maskMobile(account.mobile) }
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
  const { accountId, browserKnown, letterId, way } = state
  const consume = async (unit: UnitOfWork) =>
    (await unit.codes.consume(codeId, now)) ? undefined : ({ invalid: { mtan: 'used_up' } } as const)
  if (way === 'newLetter') return { outcome: 'newLetter', data: state, effects: consume }
  const standing = await lookUpStanding(deps, accountId, way === 'firstSignIn' ? way : 'laterSignIn')
  if ('barred' in standing) return { ...explain(standing), effects: consume }
  const proofs = { ...state.proofs, sms: provedNow(deps, standing.account) }
  // What a session proved before access ended counts no more when it is given back; a sign-in that was open meanwhile goes on.
  if (way === 'stepUp' && !provedSince(proofs, standing.account.signInsFrom))
    return { outcome: 'restart', data: {}, effects: consume }
  if (way === 'firstSignIn')
    return { outcome: 'firstSignIn', data: { accountId, browserKnown, letterId, proofs }, effects: consume }
  const { acr, amr, authTime } = signInOf(proofs)
  const untold = !standing.account.emailBounce?.toldAt && bounceNotice(standing.account)
  return {
    ...(untold ? { outcome: 'emailBounced' } : { outcome: 'laterSignIn' }),
    data: { accountId, proofs },
    atOnce: true,
    async effects(unit) {
      const clientId = request.application?.clientId ?? ''
      const signIn = { at: now, accountId, clientId, acr, amr, browserKnown }
      const [objection, signedIn, madeKnown] = await Promise.all([
        consume(unit),
        unit.accounts.recordSignIn(accountId, now, authTime),
        unit.browsers.makeKnown(accountId, request.browser, now),
        unit.audit.signInSucceeded(signIn),
      ])
      if (objection) return objection
      // Suspended or ended since the password: nobody is signed in.
      if (!signedIn) return { invalid: { mtan: 'used_up' } }
      if (madeKnown) await unit.audit.browserMadeKnown({ at: now, accountId, by: 'sign_in' })
    },
  }
}
