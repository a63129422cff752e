import { randomUUID } from 'node:crypto'
import { mostPasskeys, parsePasskeyName } from '../../domain/staff/passkey-name.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Stores } from '../../stores/index.ts'
import type { Transaction } from '../../stores/transaction.ts'
import type { PasskeyCeremonies } from '../sign-in/passkey-ceremonies.ts'
import { type SignedInStaff, tell } from './admission.ts'

type Settings = {
  stores: Pick<Stores, 'staffPasskeys'>
  transaction: Transaction
  clock: Clock
  ceremonies: PasskeyCeremonies
}

/** Why no passkey was added: its name, too many, or an answer that is not what the session was asked for. */
export type PasskeyRefusal = { reason: 'missing' | 'unreadable' | 'most' | 'refused' | 'known' }

export type StaffPasskeyService = ReturnType<typeof createStaffPasskeyService>

const toAdd = ({ sessionId }: SignedInStaff) => ({ purpose: 'staff_add', bound: sessionId })

/**
 * Creates what members of staff do with their own passkeys. Password and code of the app stay beside them, so that no removal locks
 * anybody out, and a console that moves to another host (which no passkey follows) keeps its staff.
 */
export function createStaffPasskeyService({ stores, transaction, clock, ceremonies }: Settings) {
  return {
    of: (staffId: string) => stores.staffPasskeys.of(staffId),
    /** Options for the browser to make a passkey of this name for who is signed in. */
    async offer(signedIn: SignedInStaff, typed: string): Promise<{ options: object } | PasskeyRefusal> {
      const name = parsePasskeyName(typed)
      if (!name.ok) return { reason: name.reason }
      const { staff } = signedIn
      const known = await stores.staffPasskeys.of(staff.id)
      if (known.length >= mostPasskeys) return { reason: 'most' }
      const holder = { id: staff.id, name: staff.email }
      return { options: await ceremonies.offerCreation(toAdd(signedIn), holder, known) }
    },
    /** Keeps the passkey that the browser made. */
    async add(
      signedIn: SignedInStaff,
      { name: typed, posted }: { name: string; posted: string },
    ): Promise<'added' | PasskeyRefusal> {
      const name = parsePasskeyName(typed)
      if (!name.ok) return { reason: name.reason }
      const passkey = await ceremonies.readCreation(posted, toAdd(signedIn))
      if (!passkey) return { reason: 'refused' }
      const { staff } = signedIn
      return await transaction(async (unit) => {
        // Neither a deactivation nor a new set-up comes in between: both hold this lock, and remove what they find.
        await unit.staff.lock()
        const now = await unit.staff.find(staff.id)
        if (!now?.joinedAt || now.deactivatedAt) return { reason: 'refused' }
        if ((await unit.staffPasskeys.count(staff.id)) >= mostPasskeys) return { reason: 'most' }
        const at = clock.now()
        const id = randomUUID()
        if (!(await unit.staffPasskeys.add({ ...passkey, id, staffId: staff.id, name: name.value, addedAt: at })))
          return { reason: 'known' }
        await unit.audit.staffPasskeyAdded({ at, actor: `staff:${staff.id}`, staffId: staff.id, passkeyId: id })
        await tell(unit, staff, 'staffPasskeyAdded', at)
        return 'added'
      })
    },
    /** Removes a passkey of who is signed in; whoever is signed in elsewhere, with it perhaps, is so no more. */
    remove: ({ staff, sessionId }: SignedInStaff, passkeyId: string): Promise<boolean> =>
      transaction(async (unit) => {
        if (!(await unit.staffPasskeys.remove(passkeyId, staff.id))) return false
        const at = clock.now()
        await unit.staffSessions.endOthers(staff.id, sessionId, at)
        await unit.audit.staffPasskeyRemoved({ at, actor: `staff:${staff.id}`, staffId: staff.id, passkeyId })
        await tell(unit, staff, 'staffPasskeyRemoved', at)
        return true
      }),
    forgetChallenges: ceremonies.forgetChallenges,
  }
}
