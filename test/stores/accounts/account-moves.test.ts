import { beforeEach, describe, expect, it } from 'vitest'
import { type AccountState, accountMoves, resumable } from '../../../src/domain/account-state.ts'
import { createAccountEndStore } from '../../../src/stores/accounts/account-ends.ts'
import { type Account, createAccountStore } from '../../../src/stores/accounts/accounts.ts'
import { newAccount } from '../../support/members.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const protection = createProtection()
const before = new Date('2026-11-24T09:00:00Z')
const now = new Date('2026-11-25T09:00:00Z')
const tomorrow = new Date('2026-11-26T09:00:00Z')

type Verb = keyof typeof accountMoves
type Stores = ReturnType<typeof createAccountStore> & ReturnType<typeof createAccountEndStore>

/** How each verb is asked to move an account. `proven`: it moves only those that have been active, or only those that never were. */
const verbs: Record<Verb, { proven?: boolean; ask(stores: Stores, account: Account): Promise<unknown> }> = {
  activateRegistration: { ask: (stores, { id }) => stores.activateRegistration(id, now) },
  markLettersPosted: { ask: (stores, { id }) => stores.markLettersPosted([id], '2026-12-25', now) },
  makeActive: { ask: (stores, { id }) => stores.makeActive(id, { question: 'q', answerHash: 'h' }, now) },
  suspend: { ask: (stores, { id }) => stores.suspend(id, 'deceased', now) },
  end: { proven: true, ask: (stores, { id }) => stores.end(id, now) },
  reopen: { proven: true, ask: (stores, { id, insuranceNumber }) => stores.reopen(id, insuranceNumber, now) },
  deleteNotActivated: { ask: (stores) => stores.deleteNotActivated('2027-12-31', 10) },
  deleteNeverSignedIn: { proven: false, ask: (stores) => stores.deleteNeverSignedIn('2027-12-31', 10) },
  deleteOtherRegistrations: {
    proven: false,
    ask: (stores, { insuranceNumber }) => stores.deleteOtherRegistrations(newAccount().id, insuranceNumber),
  },
  deleteEnded: { ask: (stores) => stores.deleteEnded(tomorrow, 10) },
  deleteSuspended: { ask: (stores, { id }) => stores.deleteSuspended(id, before) },
}

/** What the stores do besides: none of it changes a state. */
const without = [
  ...[
    'find',
    'findMany',
    'findSender',
    'findWithPerson',
    'usernameTaken',
    'findActiveByNumber',
    'findAllByNumber',
    'findByUsername',
    'securityAnswerHash',
    'holdState',
    'signOutEverywhere',
    'activeHashes',
    'suspended',
  ],
  ...['findAllByNumberHashes', 'recordSignIn', 'updatePasswordHash', 'claimActivationReminders'],
]

const states = [...accountMoves.suspend.from, 'suspended', 'ended', 'deleted'] satisfies AccountState[]
const cases = (Object.keys(verbs) as Verb[]).flatMap((verb) =>
  states.map((state) => ({
    verb,
    state,
    allowed: (accountMoves[verb].from as readonly AccountState[]).includes(state),
  })),
)

describeOnBoth('the table of account moves', (database) => {
  const stores = (): Stores => ({
    ...createAccountStore(database(), protection),
    ...createAccountEndStore(database()),
  })
  const stateOf = async (id: string): Promise<AccountState> => (await stores().find(id))?.state ?? 'deleted'

  /** An account that every verb would move, were it not for its state. */
  async function inState(state: AccountState, proven: boolean, was: AccountState = 'active'): Promise<Account> {
    const account = newAccount({ registeredAt: before })
    await stores().create(account)
    const found = (await stores().find(account.id)) as Account
    if (state === 'deleted') await database()('accounts').delete()
    else
      await database()('accounts').update({
        ...{ state, active_since: proven ? before : null, code_last_day: '2026-12-24' },
        ...(state === 'suspended' && { state_before_suspension: was, suspension_reason: 'staff' }),
      })
    return found
  }

  beforeEach(async () => {
    await database()('accounts').delete()
  })

  it.each(cases)('$verb out of $state: $allowed', async ({ verb, state, allowed }) => {
    const { proven = state === 'active' || state === 'ended', ask } = verbs[verb]
    const account = await inState(state, proven)
    await ask(stores(), account)
    expect(await stateOf(account.id)).toBe(allowed ? accountMoves[verb].to : state)
    const told = await database()('accounts').where({ id: account.id }).first('state_changed_at')
    if (told) expect(told.state_changed_at).toEqual(allowed ? now : before)
  })

  it.each(states)('resume out of %s, back to what it was', async (state) => {
    for (const was of resumable.to) {
      await database()('accounts').delete()
      const { id } = await inState(state, was === 'active', was)
      const resumed = await stores().resume(id, 'staff', now)
      expect(resumed).toBe(state === resumable.from)
      expect(await stateOf(id)).toBe(resumed ? was : state)
    }
  })

  describe('has', () => {
    it('a row for every verb that the stores have', () => {
      const known = [...Object.keys(verbs), ...without, 'create', 'resume', 'markLetterPosted']
      expect(Object.keys(stores()).sort()).toEqual(known.sort())
    })
  })
})
