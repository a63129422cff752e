import type { PasswordHasher } from '../../crypto/password-hasher.ts'
import type { Random } from '../../crypto/random.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Stores } from '../../stores/index.ts'
import type { Transaction } from '../../stores/transaction.ts'
import { admit, type ProvedAgain, type SignedInStaff, type StaffSignInOutcome } from './admission.ts'
import { browserDays, type StaffLanes, type StaffSignInLimits } from './lanes.ts'
import { totpStep } from './totp.ts'

/** Seconds: idle end, end in any case, and how long a second factor counts for dangerous acts. */
const staffSessionEnds = { idle: 15 * 60, most: 8 * 3600, fresh: 5 * 60 }

type Settings = {
  stores: Pick<Stores, 'staff' | 'staffSessions'>
  transaction: Transaction
  clock: Clock
  /** Real time, by which authenticator apps go. */
  protocolClock: Clock
  random: Random
  hasher: Pick<PasswordHasher, 'verify'>
  limits: Pick<StaffSignInLimits, 'address'>
  lanes: StaffLanes
}

type Attempt = { email: string; password: string; code: string; browser: string; address: string }

export type StaffSignIn = ReturnType<typeof createStaffSignIn>

/** A secret of nobody, so that unknown addresses take the same work. */
const nobodysTotpSecret = 'A'.repeat(32)

/** Creates the sign-in of staff: password and second factor together, one answer for everything that is wrong. */
export function createStaffSignIn(settings: Settings) {
  const { stores, transaction, clock, protocolClock, random, hasher, limits, lanes } = settings
  return {
    async signIn({ email: typed, password, code, browser, address }: Attempt): Promise<StaffSignInOutcome> {
      const email = typed.trim().toLowerCase()
      const crowded = await limits.address.use(address)
      if (crowded) return { outcome: 'paused', until: crowded }
      const found = await stores.staff.findByEmail(email)
      const lane = await lanes.of(found, browser, email)
      // Counted before anything is compared; what was no failure is given back.
      const paused = await lane.limit.use(lane.key)
      if (paused) return { outcome: 'paused', until: paused }
      const secrets = found && (await stores.staff.secrets(found.id))
      const at = clock.now()
      const rightPassword = await hasher.verify(password, secrets?.passwordHash ?? null, address)
      const step = totpStep(secrets?.totpSecret ?? nobodysTotpSecret, code, protocolClock.now())
      const staff = rightPassword && step !== null && secrets ? found : null
      const sessionId = random.token()
      const done = await transaction(async (unit) => {
        if (!staff || step === null || !(await unit.staff.takeTotpStep(staff.id, step))) {
          const reason = !found
            ? 'unknown'
            : !secrets
              ? 'not_joined'
              : !rightPassword
                ? 'password'
                : step === null
                  ? 'code'
                  : 'code_used'
          await unit.audit.staffSignInFailed({ at, ...(found && { staffId: found.id }), reason })
          return false
        }
        await admit(unit, { staff, sessionId, browser, browserKnown: lane.known, by: 'password' }, at)
        return true
      })
      if (!done || !staff) return { outcome: 'refused' }
      await lane.limit.giveBack(lane.key)
      return { outcome: 'signed_in', sessionId, staff }
    },
    /** Who has this session, while it lives and he may come in. */
    async session(sessionId: string): Promise<SignedInStaff | null> {
      const now = clock.now()
      const session = await stores.staffSessions.use(sessionId, now, staffSessionEnds)
      const staff = session && (await stores.staff.find(session.staffId))
      if (!staff || staff.deactivatedAt || !staff.joinedAt) return null
      const fresh = now.getTime() - session.provedAt.getTime() < staffSessionEnds.fresh * 1000
      return { staff, sessionId, fresh }
    },
    /** Takes a further code of the second factor, for what is dangerous. */
    async proveAgain(signedIn: SignedInStaff, code: string): Promise<ProvedAgain> {
      const { staff, sessionId } = signedIn
      const at = clock.now()
      const lane = lanes.ofSession(signedIn)
      const paused = await lane.limit.use(lane.key)
      if (paused) return { until: paused }
      const secrets = await stores.staff.secrets(staff.id)
      const step = secrets && totpStep(secrets.totpSecret, code, protocolClock.now())
      if (step === null || !(await stores.staff.takeTotpStep(staff.id, step))) return 'refused'
      await stores.staffSessions.prove(sessionId, at)
      await lane.limit.giveBack(lane.key)
      return 'proved'
    },
    /** Forgets sessions by which no browser is known any more. */
    forgetOld: (): Promise<number> =>
      stores.staffSessions.deleteBegunBefore(new Date(clock.now().getTime() - browserDays * 86_400_000)),
    signOut: (sessionId: string, staffId: string): Promise<void> =>
      transaction(async (unit) => {
        const at = clock.now()
        if (await unit.staffSessions.end(sessionId, at))
          await unit.audit.staffSignedOut({ at, actor: `staff:${staffId}`, staffId })
      }),
  }
}
