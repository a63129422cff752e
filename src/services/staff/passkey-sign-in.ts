import type { PasskeyAnswer } from '../../crypto/passkey-answers.ts'
import type { Random } from '../../crypto/random.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Stores } from '../../stores/index.ts'
import type { StaffPasskey } from '../../stores/staff/staff-passkeys.ts'
import type { Transaction, UnitOfWork } from '../../stores/transaction.ts'
import type { PasskeyCeremonies, ProofFault } from '../sign-in/passkey-ceremonies.ts'
import { admit, type ProvedAgain, type SignedInStaff, type StaffSignInOutcome } from './admission.ts'
import type { StaffLanes, StaffSignInLimits } from './lanes.ts'

type Settings = {
  stores: Pick<Stores, 'staff' | 'staffPasskeys'>
  transaction: Transaction
  clock: Clock
  random: Pick<Random, 'token'>
  ceremonies: PasskeyCeremonies
  limits: Pick<StaffSignInLimits, 'address' | 'challenges'>
  lanes: StaffLanes
}

/** `waiting`: the random id in the cookie of the browser that got the challenge; `posted`: its answer. */
type Attempt = { posted: string; waiting: string; browser: string; address: string }

/** Why a passkey was refused, as the audit log says it. */
type Fault = ProofFault | 'form' | 'unknown' | 'counter' | 'gone'

export type StaffPasskeySignIn = ReturnType<typeof createStaffPasskeySignIn>

const toSignIn = (waiting: string) => ({ purpose: 'staff_sign_in', bound: waiting })
const toProve = ({ sessionId }: SignedInStaff) => ({ purpose: 'staff_prove', bound: sessionId })

/** Creates the sign-in of staff by passkey, which is both factors at once, and the proof by passkey of who is signed in. */
export function createStaffPasskeySignIn(settings: Settings) {
  const { stores, transaction, clock, random, ceremonies, limits, lanes } = settings
  /** Uses a proof up, in the transaction of what it is good for. */
  async function take(unit: UnitOfWork, passkey: StaffPasskey, counter: number): Promise<Fault | 'taken'> {
    const at = clock.now()
    if (await unit.staffPasskeys.take(passkey.id, counter, at)) return 'taken'
    const { id: passkeyId, staffId } = passkey
    const still = (await unit.staffPasskeys.of(staffId)).some(({ id }) => id === passkeyId)
    if (!still) return 'gone'
    await unit.audit.staffPasskeyCounterFellBack({ at, staffId, passkeyId })
    return 'counter'
  }
  async function verify(answer: PasskeyAnswer | null, waiting: string, found: StaffPasskey | null) {
    if (!answer) return 'form'
    if (!found) return 'unknown'
    return await ceremonies.verifyProof(answer, toSignIn(waiting), { passkey: found, holderId: found.staffId })
  }
  return {
    /**
     * Options for a browser to sign in with a passkey of anybody, and the random id that they are bound to: a new one, unless the browser
     * has one already. Or the time until which its address gets no more.
     */
    async offer(
      had: string | undefined,
      address: string,
    ): Promise<{ waiting: string; options: object } | { until: Date }> {
      const crowded = await limits.challenges.use(address)
      if (crowded) return { until: crowded }
      const waiting = had ?? random.token()
      return { waiting, options: await ceremonies.offerProof(toSignIn(waiting)) }
    },
    async signIn({ posted, waiting, browser, address }: Attempt): Promise<StaffSignInOutcome> {
      const crowded = await limits.address.use(address)
      if (crowded) return { outcome: 'paused', until: crowded }
      const answer = ceremonies.readProof(posted)
      const found = answer && (await stores.staffPasskeys.findByCredential(answer.id))
      const staff = found && (await stores.staff.find(found.staffId))
      // A lane of its own: who fails with passwords keeps nobody's passkey away, and the other way round.
      const lane = await lanes.of(staff, browser, `passkey:${answer?.id ?? address}`)
      const paused = await lane.limit.use(lane.key)
      if (paused) return { outcome: 'paused', until: paused }
      const proof = await verify(answer, waiting, found)
      const at = clock.now()
      const sessionId = random.token()
      const done = await transaction(async (unit) => {
        const taken = typeof proof === 'object' && found ? await take(unit, found, proof.counter) : (proof as Fault)
        if (taken !== 'taken' || !staff) {
          await unit.audit.staffSignInFailed({ at, ...(staff && { staffId: staff.id }), reason: `passkey_${taken}` })
          return false
        }
        await admit(unit, { staff, sessionId, browser, browserKnown: lane.known, by: 'passkey' }, at)
        return true
      })
      if (!done || !staff) return { outcome: 'refused' }
      await lane.limit.giveBack(lane.key)
      return { outcome: 'signed_in', sessionId, staff }
    },
    /** Whether somebody has a passkey to prove himself by. */
    has: async (staffId: string): Promise<boolean> => (await stores.staffPasskeys.count(staffId)) > 0,
    /** Options for the browser of this session to prove by one of the person's passkeys that it is still he. */
    offerAgain: async (signedIn: SignedInStaff) =>
      await ceremonies.offerProof(toProve(signedIn), await stores.staffPasskeys.of(signedIn.staff.id)),
    /** Takes such a proof, as `proveAgain` of the other sign-in takes a code. */
    async proveAgain(signedIn: SignedInStaff, posted: string): Promise<ProvedAgain> {
      const { staff, sessionId } = signedIn
      const lane = lanes.ofSession(signedIn)
      const paused = await lane.limit.use(lane.key)
      if (paused) return { until: paused }
      const answer = ceremonies.readProof(posted)
      const found = answer && (await stores.staffPasskeys.findByCredential(answer.id))
      if (!answer || found?.staffId !== staff.id) return 'refused'
      const held = { passkey: found, holderId: staff.id, askedOf: staff.id }
      const proof = await ceremonies.verifyProof(answer, toProve(signedIn), held)
      if (typeof proof === 'string') return 'refused'
      const taken = await transaction(async (unit) => {
        const outcome = await take(unit, found, proof.counter)
        if (outcome === 'taken') await unit.staffSessions.prove(sessionId, clock.now())
        return outcome
      })
      if (taken !== 'taken') return 'refused'
      await lane.limit.giveBack(lane.key)
      return 'proved'
    },
  }
}
