import { bounceNotice } from '../../domain/messages/email-bounce.ts'
import type { Deps, StoresOf } from '../deps.ts'
import type { Step } from '../journey.ts'
import type { SignInState } from './state.ts'

export type EmailBouncedDeps = Pick<Deps, 'clock'> & StoresOf<'accounts'>

/** An e-mail came back: the member reads it once, between the mTAN and the application. */
export const emailBouncedStep: Step<SignInState, 'emailBounced', EmailBouncedDeps> = {
  path: 'e-mail-adresse',
  async show(state, deps) {
    const account = await deps.stores.accounts.find(state.accountId)
    return { model: { bounce: account && bounceNotice(account) } }
  },
  async submit(_input, { accountId, proofs }, deps) {
    const account = await deps.stores.accounts.find(accountId)
    // Suspended or ended while the page stood open: nobody is signed in.
    if (account?.state !== 'active') return { outcome: 'restart', data: {} }
    return {
      outcome: 'read',
      data: { accountId, proofs },
      effects: async (unit) => void (await unit.emailBounces.told(accountId, deps.clock.now())),
    }
  },
}
