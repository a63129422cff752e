import { type MaskedField, personalData } from './masks.ts'
import { type Doing, type HelpDeskSettings, personKey } from './settings.ts'

export type RevealOutcome =
  | { outcome: 'revealed'; field: MaskedField; value: string }
  /** `not_known`: the account has no such data, or the register may not be asked for it yet. */
  | { outcome: 'unknown' | 'not_known' }
  | { outcome: 'limited'; until: Date }

/** Creates the showing of one masked value: it is written down before it is shown, and the member sees that it was. */
export function createRevealing({ stores, transaction, clock, limits }: HelpDeskSettings) {
  return async (accountId: string, field: MaskedField, { actor, reason }: Doing): Promise<RevealOutcome> => {
    const until = await limits.reveals.use(personKey(actor))
    if (until) return { outcome: 'limited', until }
    const found = await stores.accounts.findWithPerson(accountId)
    if (!found) return { outcome: 'unknown' }
    const value = personalData(found.account, found.person)[field]
    if (!value) return { outcome: 'not_known' }
    await transaction((unit) => unit.audit.memberDataRevealed({ at: clock.now(), actor, accountId, field, reason }))
    return { outcome: 'revealed', field, value }
  }
}
