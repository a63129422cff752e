import type { KeyedHash } from '../../crypto/field-encryption.ts'
import type { PasswordHasher } from '../../crypto/password-hasher.ts'
import type { Random } from '../../crypto/random.ts'
import type { AddressLimit } from '../../gateways/address-limit.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Limit } from '../../gateways/limiter.ts'
import type { Stores } from '../../stores/index.ts'
import type { Staff } from '../../stores/staff/staff.ts'
import type { Transaction } from '../../stores/transaction.ts'
import { totpStep } from './totp.ts'

/** Seconds: idle end, end in any case, and how long a second factor counts for dangerous acts. */
const staffSessionEnds = { idle: 15 * 60, most: 8 * 3600, fresh: 5 * 60 }

/** Days after which a browser is a stranger again. */
const browserDays = 90

export type StaffSignInLimits = {
  /** Per client address. */
  address: AddressLimit
  /** Failures per account from unknown browsers, and from each known one: a stranger never pauses the owner's browser. */
  failures: Limit
  knownBrowserFailures: Limit
}

type Settings = {
  stores: Pick<Stores, 'staff' | 'staffSessions'>
  transaction: Transaction
  clock: Clock
  /** Real time, by which authenticator apps go. */
  protocolClock: Clock
  random: Random
  hash: KeyedHash
  hasher: Pick<PasswordHasher, 'verify'>
  limits: StaffSignInLimits
}

type Attempt = { email: string; password: string; code: string; browser: string; address: string }

export type StaffSignInOutcome =
  | { outcome: 'signed_in'; sessionId: string; staff: Staff }
  | { outcome: 'refused' }
  | { outcome: 'paused'; until: Date }

/** Who is signed in at the console. */
export type SignedInStaff = { staff: Staff; sessionId: string; fresh: boolean }

export type StaffSignIn = ReturnType<typeof createStaffSignIn>

/** A secret of nobody, so that unknown addresses take the same work. */
const nobodysTotpSecret = 'A'.repeat(32)

/** Creates the sign-in of staff: password and second factor together, one answer for everything that is wrong. */
export function createStaffSignIn(settings: Settings) {
  const { stores, transaction, clock, protocolClock, random, hash, hasher, limits } = settings
  async function laneOf(email: string, staff: Staff | null, browser: string) {
    const since = new Date(clock.now().getTime() - browserDays * 86_400_000)
    const known = staff !== null && (await stores.staffSessions.isKnownBrowser(staff.id, browser, since))
    const lane = known
      ? { limit: limits.knownBrowserFailures, key: hash.hash(`${staff.id}:${browser}`, 'limit:staff_browser') }
      : { limit: limits.failures, key: hash.hash(email, 'limit:staff') }
    return { ...lane, known }
  }
  return {
    async signIn({ email: typed, password, code, browser, address }: Attempt): Promise<StaffSignInOutcome> {
      const email = typed.trim().toLowerCase()
      const crowded = await limits.address.use(address)
      if (crowded) return { outcome: 'paused', until: crowded }
      const found = await stores.staff.findByEmail(email)
      const lane = await laneOf(email, found, browser)
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
        await unit.staffSessions.begin(sessionId, { staffId: staff.id, browser }, at)
        await unit.staff.noteSignIn(staff.id, at)
        await unit.audit.staffSignedIn({ at, actor: `staff:${staff.id}`, staffId: staff.id, browserKnown: lane.known })
        const payload = {
          template: 'staffSignedIn' as const,
          to: staff.email,
          language: staff.language,
          params: { until: at.toISOString() },
        }
        await unit.send({ kind: 'email', payload, order: `staff:${staff.id}` }, at)
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
    async proveAgain(
      { staff, sessionId }: SignedInStaff,
      code: string,
    ): Promise<'proved' | 'refused' | { until: Date }> {
      const at = clock.now()
      const key = hash.hash(`${staff.id}:${sessionId}`, 'limit:staff_browser')
      const paused = await limits.knownBrowserFailures.use(key)
      if (paused) return { until: paused }
      const secrets = await stores.staff.secrets(staff.id)
      const step = secrets && totpStep(secrets.totpSecret, code, protocolClock.now())
      if (step === null || !(await stores.staff.takeTotpStep(staff.id, step))) return 'refused'
      await stores.staffSessions.prove(sessionId, at)
      await limits.knownBrowserFailures.giveBack(key)
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
