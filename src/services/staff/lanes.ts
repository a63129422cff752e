import type { KeyedHash } from '../../crypto/field-encryption.ts'
import type { AddressLimit } from '../../gateways/address-limit.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Limit } from '../../gateways/limiter.ts'
import type { Stores } from '../../stores/index.ts'
import type { Staff } from '../../stores/staff/staff.ts'

/** Days after which a browser is a stranger again. */
export const browserDays = 90

export type StaffSignInLimits = {
  /** Per client address. */
  address: AddressLimit
  /** Challenges for passkeys, per client address: each is a row. */
  challenges: AddressLimit
  /** Failures per account from unknown browsers, and from each known one: a stranger never pauses the owner's browser. */
  failures: Limit
  knownBrowserFailures: Limit
}

type Settings = { stores: Pick<Stores, 'staffSessions'>; clock: Clock; hash: KeyedHash; limits: StaffSignInLimits }

export type StaffLanes = ReturnType<typeof createStaffLanes>

/** Creates the lanes in which failures of staff are counted. */
export function createStaffLanes({ stores, clock, hash, limits }: Settings) {
  return {
    /** The lane of a sign-in; `stranger` names it (an address, a credential) where the browser is none that the person has used. */
    async of(staff: Pick<Staff, 'id'> | null, browser: string, stranger: string) {
      const since = new Date(clock.now().getTime() - browserDays * 86_400_000)
      const known = staff !== null && (await stores.staffSessions.isKnownBrowser(staff.id, browser, since))
      const lane = known
        ? { limit: limits.knownBrowserFailures, key: hash.hash(`${staff.id}:${browser}`, 'limit:staff_browser') }
        : { limit: limits.failures, key: hash.hash(stranger, 'limit:staff') }
      return { ...lane, known }
    },
    /** The lane of somebody who is signed in and proves again that it is he. */
    ofSession: ({ staff, sessionId }: { staff: Pick<Staff, 'id'>; sessionId: string }) => ({
      limit: limits.knownBrowserFailures,
      key: hash.hash(`${staff.id}:${sessionId}`, 'limit:staff_browser'),
    }),
  }
}
