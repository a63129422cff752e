import type { Account } from '../stores/accounts/accounts.ts'
import type { Deps, StoresOf } from './deps.ts'

export type StandingDeps = Pick<Deps, 'transaction' | 'clock' | 'standing'> & StoresOf<'accounts'>

/** Why nobody is signed in; `restart`: the account is gone or in another state than its journey began with. */
export type Barred = { barred: 'suspended'; reason: string } | { barred: 'ended' } | { barred: 'restart' }

/**
 * Holds an account against the register after the mTAN, not before: only its member may read of a death, a guardian or the end of
 * an insurance (mission.md, "The register changes"). An account that was never active is judged once its letter was entered.
 */
export async function lookUpStanding(
  deps: StandingDeps,
  accountId: string,
  way: 'firstSignIn' | 'laterSignIn',
): Promise<{ account: Account } | Barred> {
  const now = deps.clock.now()
  const options = { codeEntered: way === 'firstSignIn' }
  const standing = await deps.stores.accounts.findWithPerson(accountId)
  // The registration went meanwhile: another one of the number became active, or its time was over.
  if (!standing) return { barred: 'restart' }
  const { account: found, person } = standing
  const decision = deps.standing.judge(found, person, now, options)
  if (decision.change !== 'none') await deps.transaction((unit) => deps.standing.follow(unit, found, now, options))
  const account = decision.change === 'none' ? found : await deps.stores.accounts.find(accountId)
  if (account?.state === 'suspended') return { barred: 'suspended', reason: account.suspensionReason ?? 'staff' }
  // A registration cannot end; its insurance can be over all the same.
  if (account?.state === 'ended' || (decision.change === 'end' && way === 'firstSignIn')) return { barred: 'ended' }
  const expected = way === 'firstSignIn' ? 'letter_posted' : 'active'
  return account?.state === expected ? { account } : { barred: 'restart' }
}
