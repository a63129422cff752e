import { berlinDay } from '../../domain/calendar.ts'
import { formOf, letterPurposes } from '../../domain/letters/purposes.ts'
import { parseUnlockCode, unlockCodeBinding } from '../../domain/secrets/unlock-code.ts'
import type { Letter } from '../../stores/letters/letters.ts'
import type { Deps, LimitsOf, StoresOf } from '../deps.ts'
import type { Step } from '../journey.ts'
import { provedNow } from '../proving.ts'
import type { SignInState } from './state.ts'

export type UnlockCodeDeps = Pick<Deps, 'transaction' | 'hash' | 'clock' | 'protocolClock'> &
  StoresOf<'letters'> &
  LimitsOf<'wrongUnlockCode'>

/**
 * Freischaltcode (seed, 4). A typing error that the check character catches costs no try; five wrong codes pause
 * the account for ten minutes. The code is only checked here and used up at the very end (mission.md, "Nothing half signed in").
 */
export const unlockCodeStep: Step<SignInState, 'unlockCode', UnlockCodeDeps> = {
  path: 'freischaltcode',
  keeps: ['unlockCode'],
  async show(state, deps) {
    const [newest] = await usableLetters(deps, state.accountId)
    return { model: { postedOn: newest?.postedOn ?? null, lastDay: newest?.lastDay ?? null } }
  },
  async submit(input, state, deps) {
    const code = parseUnlockCode(input.unlockCode ?? '')
    if (!code.ok) return { invalid: { unlockCode: code.reason } }
    const pausedUntil = await deps.limits.wrongUnlockCode.use(state.accountId)
    if (pausedUntil) return { blockedUntil: pausedUntil }
    const letters = await usableLetters(deps, state.accountId)
    const letter = letters.filter((each) => fits(deps, each, code.value))[0]
    const event = { at: deps.clock.now(), accountId: state.accountId }
    if (!letter) {
      await deps.transaction((unit) => unit.audit.unlockCodeRejected({ ...event, reason: 'wrong' }))
      return { invalid: { unlockCode: 'wrong' } }
    }
    await deps.limits.wrongUnlockCode.giveBack(state.accountId)
    const { accountId, browserKnown } = state
    const proofs = { ...state.proofs, letter: provedNow(deps) }
    return {
      outcome: 'accepted',
      data: { accountId, browserKnown, proofs, way: 'firstSignIn', letterId: letter.id, sending: null },
      effects: (unit) => unit.audit.unlockCodeAccepted(event),
    }
  },
  actions: {
    /** "Kein Brief angekommen?": a new one can be asked for after the mTAN. */
    async newLetter(_input, { accountId, browserKnown, proofs }) {
      return { outcome: 'newLetter', data: { accountId, browserKnown, proofs, way: 'newLetter', sending: null } }
    },
  },
}

const usableLetters = (deps: Pick<UnlockCodeDeps, 'stores' | 'clock'>, accountId: string) =>
  deps.stores.letters.findUsable(accountId, berlinDay(deps.clock.now()))

function fits(deps: Pick<UnlockCodeDeps, 'hash'>, letter: Letter, code: string): boolean {
  const matches = deps.hash.matches(code, unlockCodeBinding(letter.id), letter.codeHash ?? '')
  return matches && formOf(letterPurposes, letter) === 'codes'
}
