import type { Account } from '../../../stores/accounts/accounts.ts'
import type { MemberLook } from '../../../stores/staff/member-looks.ts'
import { maskUsername } from './masks.ts'
import { type MemberQuery, readMemberQuery } from './member-query.ts'
import { type Doing, type HelpDeskSettings, personKey } from './settings.ts'

/** Minutes for which a session of the console may see an account that it has looked up. */
const lookMinutes = 30

/** Registrations of one number that are shown: strangers who know it may have made many. */
const most = 20

/** An account that was found, as it may be shown in a list. */
export type FoundMember = Pick<Account, 'id' | 'state' | 'registeredAt' | 'activeSince'> & { username: string }

export type FindOutcome =
  | { outcome: 'found'; members: FoundMember[] }
  /** `unreadable`: the text can be no number, user name or id; nothing was looked for. */
  | { outcome: 'nobody' }
  | { outcome: 'unreadable' }
  | { outcome: 'limited'; until: Date }

/** Creates the look-ups: exact, with a reason, counted for each person, and each one an event that the member sees. */
export function createMemberLookUps({ stores, transaction, clock, limits }: HelpDeskSettings) {
  async function find({ by, value }: MemberQuery): Promise<Account[]> {
    if (by === 'insurance_number') return await stores.accounts.findAllByNumber(value, most)
    const found = by === 'account' ? await stores.accounts.find(value) : await stores.accounts.findByUsername(value)
    return found ? [found] : []
  }
  return {
    /** Looks for a member; `session`: the session of the console that may see what is found, for half an hour. */
    async find(typed: string, { actor, reason, session }: Doing & { session?: string }): Promise<FindOutcome> {
      const query = readMemberQuery(typed)
      if (!query) return { outcome: 'unreadable' }
      // Counted before anything is looked for, found or not.
      const until = await limits.looks.use(personKey(actor))
      if (until) return { outcome: 'limited', until }
      const found = await find(query)
      const at = clock.now()
      const event = { at, actor, reason, by: query.by }
      await transaction(async (unit) => {
        if (found.length === 0) return await unit.audit.memberNotFound(event)
        for (const { id } of found) {
          await unit.audit.memberLookedUp({ ...event, accountId: id })
          if (session !== undefined) await unit.memberLooks.note(session, id, reason, at)
        }
      })
      return found.length > 0 ? { outcome: 'found', members: found.map(inList) } : { outcome: 'nobody' }
    },
    /** The look by which a session may see the account now; null: a reason has to be given first. */
    lookOf: (session: string, accountId: string): Promise<MemberLook | null> =>
      stores.memberLooks.find(session, accountId, new Date(clock.now().getTime() - lookMinutes * 60_000)),
  }
}

const inList = ({ id, state, registeredAt, activeSince, username }: Account): FoundMember => ({
  ...{ id, state, registeredAt, activeSince },
  username: maskUsername(username),
})
