import { type CalendarDay, isPast } from '../../domain/calendar.ts'
import type { Deps, StoresOf } from '../deps.ts'

export type ActivationDeps = Pick<Deps, 'transaction' | 'clock' | 'letters'> & StoresOf<'accounts' | 'activationLinks'>

/** What an activation link leads to. Dead ones say why (seed, 2; contract.md: 410). */
export type LinkState = 'usable' | 'used' | 'expired' | 'unknown'

/** Looks at a link without changing anything: mail scanners that follow links activate nothing. */
export async function lookAtLink(token: string, deps: Pick<ActivationDeps, 'stores' | 'clock'>): Promise<LinkState> {
  const link = isToken(token) ? await deps.stores.activationLinks.find(token) : null
  if (!link) return 'unknown'
  const account = link.accountId ? await deps.stores.accounts.find(link.accountId) : null
  if (account?.activatedAt) return 'used'
  if (isPast(link.lastDay, deps.clock.now())) return 'expired'
  if (account?.state === 'pending_activation') return 'usable'
  // The registration went: because another one of the number became active, or the link had been used before that.
  return link.usedAt ? 'used' : 'unknown'
}

/** Confirms the registration and asks for the letter, in one transaction. Using a link twice is harmless. */
export async function activate(
  token: string,
  deps: ActivationDeps,
): Promise<{ state: Exclude<LinkState, 'usable'> } | { state: 'activated'; letterDay: CalendarDay }> {
  const state = await lookAtLink(token, deps)
  if (state !== 'usable') return { state }
  const now = deps.clock.now()
  return await deps.transaction(async (unit) => {
    const link = await unit.activationLinks.find(token)
    const account = link?.accountId ? await unit.accounts.find(link.accountId) : null
    // The number first, as everywhere: two registrations of it never wait for each other.
    if (account) await unit.letters.lockNumber(account.insuranceNumberHashes)
    if (!account || !(await unit.accounts.activateRegistration(account.id, now))) return { state: 'used' }
    await unit.activationLinks.use(token, now)
    await unit.audit.registrationActivated({ at: now, accountId: account.id })
    const { letterDay } = await deps.letters.request(unit, account, 'unlock_code', { now })
    return { state: 'activated', letterDay }
  })
}

const isToken = (token: string) => /^[\w-]{43}$/.test(token)
