import { berlinDay } from '../../domain/calendar.ts'
import { maskEmail } from '../../domain/input/email-address.ts'
import { bounceNotice } from '../../domain/messages/email-bounce.ts'
import type { Deps, LimitsOf, StoresOf } from '../deps.ts'
import type { Step } from '../journey.ts'
import type { SignInState } from './state.ts'

// Pages for a person with the right password who cannot sign in now: what it means and what to do.

export type NotActivatedDeps = Pick<Deps, 'clock' | 'mails'> & StoresOf<'accounts'> & LimitsOf<'activationMail'>

/** The activation link has not been used yet; it can be sent again. */
export const notActivatedStep: Step<SignInState, 'notActivated', NotActivatedDeps> = {
  path: 'nicht-aktiviert',
  async show(state, deps) {
    const account = await deps.stores.accounts.find(state.accountId)
    return {
      model: {
        activationLastDay: account?.activationLastDay ?? null,
        email: account ? maskEmail(account.email) : '',
        resent: state.resent ?? false,
        bounce: account && bounceNotice(account),
      },
    }
  },
  actions: {
    async resendActivation(_input, state, deps) {
      const blockedUntil = await deps.limits.activationMail.use(state.accountId)
      if (blockedUntil) return { blockedUntil }
      const account = await deps.stores.accounts.find(state.accountId)
      return {
        stay: { ...state, resent: true },
        async effects(unit) {
          if (account?.state !== 'pending_activation') return
          await deps.mails.sendActivationLink(unit, account, 'activation', deps.clock.now())
        },
      }
    },
  },
}

export type AwaitingLetterDeps = Pick<Deps, 'clock'> & StoresOf<'accounts' | 'letters'>

/** The letter is not posted yet: on which day it will be at the latest. */
export const awaitingLetterStep: Step<SignInState, 'awaitingLetter', AwaitingLetterDeps> = {
  path: 'brief-unterwegs',
  async show(state, deps) {
    const account = await deps.stores.accounts.find(state.accountId)
    const letter = await deps.stores.letters.findWaiting(state.accountId)
    const today = berlinDay(deps.clock.now())
    const planned = letter ? berlinDay(letter.printableFrom) : today
    return { model: { letterDay: planned > today ? planned : today, bounce: account && bounceNotice(account) } }
  },
}

export const suspendedStep: Step<SignInState, 'suspended', object> = {
  path: 'gesperrt',
  show: (state) => ({ model: { reason: state.reason } }),
}

export const endedStep: Step<SignInState, 'ended', object> = { path: 'beendet', show: () => ({}) }

/** The e-mail of a pause is on its way, if the name is known. */
export const browserLinkSentStep: Step<SignInState, 'browserLinkSent', object> = {
  path: 'link-gesendet',
  show: () => ({}),
}
