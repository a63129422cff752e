import { addDays, berlinDay, isPast, startOfDay } from '../../domain/calendar.ts'
import type { Deps, StoresOf } from '../deps.ts'
import type { Step } from '../journey.ts'
import type { SignInState } from './state.ts'

export type NewLetterDeps = Pick<Deps, 'letters' | 'clock' | 'mails'> & StoresOf<'accounts' | 'letters'>

/** A new Freischaltcode after password and mTAN: at most 4 letters in 30 days, 24 hours apart (mission.md, "Deadlines"). */
export const newLetterStep: Step<SignInState, 'newLetter', NewLetterDeps> = {
  path: 'neuer-freischaltcode',
  async show(state, deps) {
    const now = deps.clock.now()
    const account = await deps.stores.accounts.find(state.accountId)
    const allowedFrom = account ? await deps.letters.allowedAt(deps.stores, account, now) : now
    const lastDay = account?.codeLastDay ?? null
    const expired = lastDay !== null && isPast(lastDay, now)
    return {
      model: { lastDay, reason: expired ? 'expired' : 'lost', allowedFrom: allowedFrom > now ? allowedFrom : null },
    }
  },
  async submit(_input, state, deps) {
    const now = deps.clock.now()
    const account = await deps.stores.accounts.find(state.accountId)
    // Signed in or deleted in another browser meanwhile.
    if (account?.state !== 'letter_posted') return { outcome: 'restart', data: {} }
    const waiting = await deps.stores.letters.findWaiting(account.id)
    if (waiting) return { outcome: 'requested', data: { letterDay: berlinDay(waiting.printableFrom) } }
    const allowedFrom = await deps.letters.allowedAt(deps.stores, account, now)
    if (allowedFrom > now) return { blockedUntil: allowedFrom }
    return {
      outcome: 'requested',
      data: { letterDay: berlinDay(now) },
      async effects(unit) {
        // Looked at again under the lock: two browsers may ask at once, or one has signed in meanwhile.
        await unit.letters.lockNumber(account.insuranceNumberHashes)
        if ((await unit.accounts.find(account.id))?.state !== 'letter_posted') return { invalid: {} }
        if (await unit.letters.findWaiting(account.id)) return
        const { letterDay } = await deps.letters.request(unit, account, 'unlock_code', { now })
        if (letterDay > berlinDay(now)) return { blockedUntil: startOfDay(addDays(letterDay, 0)) }
        await deps.mails.send(unit, account, 'newLetterRequested', { letterDay }, now)
      },
    }
  },
}

/** The request is taken: when the letter is printed. */
export const newLetterRequestedStep: Step<SignInState, 'newLetterRequested', object> = {
  path: 'freischaltcode-angefordert',
  show: (state) => ({ model: { letterDay: state.letterDay } }),
}
