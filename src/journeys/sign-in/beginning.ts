import { missingFactors, type Proofs, provedSince } from '../../domain/factors.ts'
import { maskMobile } from '../../domain/input/mobile-number.ts'
import type { StoresOf } from '../deps.ts'
import type { SignInState } from './state.ts'

/** A session in which more is asked for: whose it is, what was proved in it, and the class (`acr`) that is to be reached. */
export type StepUp = { accountId: string; proofs: Proofs; acr: string }

/**
 * Decides where a sign-in begins: with the password, or in a session with the factor that is missing. Nothing is sent
 * yet: an address that somebody opens in a signed-in browser must not cost an SMS.
 */
export async function beginSignIn(
  stepUp: StepUp | undefined,
  { stores }: StoresOf<'accounts' | 'browsers'>,
  { browser }: { browser: string },
): Promise<SignInState> {
  const anew = { step: 'password' } as const
  if (!stepUp) return anew
  const { accountId, proofs, acr } = stepUp
  const missing = missingFactors(acr, proofs)
  if (missing.join() !== 'sms') return anew
  const account = await stores.accounts.find(accountId)
  if (account?.state !== 'active' || !provedSince(proofs, account.signInsFrom)) return anew
  const browserKnown = await stores.browsers.isKnown(accountId, browser)
  const mobile = maskMobile(account.mobile)
  return { step: 'mtan', way: 'stepUp', accountId, browserKnown, mobile, proofs, sending: null }
}
