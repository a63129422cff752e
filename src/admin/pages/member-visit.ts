import type { HelpDesk } from '../../services/accounts/help-desk/help-desk.ts'
import { isAccountId } from '../../services/accounts/help-desk/member-query.ts'
import type { MemberLook } from '../../stores/staff/member-looks.ts'
import { retryAfter } from '../entrance.ts'
import type { Visit } from '../visit.ts'

/** A request about one account that this session has looked up. */
export type MemberVisit = Visit & { accountId: string; look: MemberLook }

/** Says that nobody has this account; the same for an id that never was one. */
export const showGone = (visit: Visit): Promise<void> =>
  visit.show('gone', { model: { kind: 'member', back: '/admin/members' } }, 404)

/** Asks why, before anything of an account is shown or done; whether there is such an account is not told. */
export const askWhy = (visit: Visit, locals: object = {}, status = 403): Promise<void> =>
  visit.show('members/look', { action: `/admin/members/${visit.params.id}/look`, ...locals }, status)

/** Lets a request about an account through only while this session's look at it lasts. */
export const looking =
  (helpDesk: Pick<HelpDesk, 'lookOf'>, handle: (visit: MemberVisit) => Promise<void>) =>
  async (visit: Visit): Promise<void> => {
    const accountId = visit.params.id ?? ''
    if (!isAccountId(accountId)) return await showGone(visit)
    const look = await helpDesk.lookOf(visit.signedIn.sessionId, accountId)
    if (!look) return await askWhy(visit)
    await handle({ ...visit, accountId, look })
  }

/** Tells from when on something is possible again, beside the page that says so. */
export const tellWhen = ({ ctx }: Visit, until: Date, now: Date): void => ctx.set('Retry-After', retryAfter(until, now))
