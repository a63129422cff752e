import { randomUUID } from 'node:crypto'
import { createAuditTrail } from '../../src/audit/events.ts'
import { createPasskeyVerifier } from '../../src/crypto/passkeys.ts'
import { createRandom } from '../../src/crypto/random.ts'
import { createAddressLimit } from '../../src/gateways/address-limit.ts'
import { createLimiter } from '../../src/gateways/limiter.ts'
import { createPasskeyCeremonies } from '../../src/services/sign-in/passkey-ceremonies.ts'
import { createStaffLanes } from '../../src/services/staff/lanes.ts'
import { createStaffPasskeySignIn } from '../../src/services/staff/passkey-sign-in.ts'
import { createStaffPasskeyService } from '../../src/services/staff/passkeys.ts'
import { createStaffService } from '../../src/services/staff/staff.ts'
import type { Database } from '../../src/stores/database/database.ts'
import { createStores } from '../../src/stores/index.ts'
import { createTransaction } from '../../src/stores/transaction.ts'
import { createAuthenticator } from './authenticator.ts'
import { createStandingClock } from './clock.ts'
import { createProtection } from './stores/protection.ts'

const protection = createProtection()
export const origin = 'https://konsole.example.org'
export const stranger = { browser: 'a-strange-browser', address: '192.0.2.7' }

export type PasskeyWorld = ReturnType<typeof createPasskeyWorld>

/** Creates what passkeys of staff need, over a database, on a clock that stands. */
export function createPasskeyWorld(db: Database) {
  const clock = createStandingClock('2027-03-12T09:00:00Z')
  const stores = createStores(db, protection)
  const { hash } = protection
  const transaction = createTransaction({
    ...{ knex: db, protection, committed: () => {} },
    createAudit: (unit) => createAuditTrail(unit.auditEvents.append),
  })
  const random = createRandom()
  const limiter = createLimiter(stores.rateLimits, clock)
  const perAddress = (name: string) =>
    createAddressLimit({ limiter, hash, factors: { per56: 4, per48: 16 } }, { name, count: 1000, window: 60 })
  const failing = { count: 10, window: 3600, pause: 900 }
  const limits = {
    ...{ address: perAddress('staff_address'), challenges: perAddress('staff_challenges') },
    failures: limiter({ name: 'staff_failures', ...failing }),
    knownBrowserFailures: limiter({ name: 'staff_failures_known_browser', ...failing }),
  }
  const verifier = createPasskeyVerifier({ id: 'konsole.example.org', origin, name: 'AOK' })
  const ceremonies = createPasskeyCeremonies({ stores, clock, random, verifier })
  const lanes = createStaffLanes({ stores, clock, hash, limits })
  const signIn = createStaffPasskeySignIn({ stores, transaction, clock, random, ceremonies, limits, lanes })
  const passkeys = createStaffPasskeyService({ stores, transaction, clock, ceremonies })
  const staff = createStaffService({
    ...{ stores, transaction, clock, protocolClock: clock, random, consoleUrl: origin },
    ...{ hasher: { hash: async () => 'x' }, isCommonPassword: () => false },
  })
  const options = (offered: object): object => {
    if (!('options' in offered)) throw new Error(JSON.stringify(offered))
    return offered.options as object
  }
  /** Somebody who is signed in, by the other way. */
  async function person(email: string) {
    const id = randomUUID()
    const [session, at] = [random.token(), clock.now()]
    await stores.staff.add({ id, email, role: 'clients', language: 'de', invitedBy: 'system', invitedAt: at })
    await stores.staff.join(id, { passwordHash: 'x', totpSecret: 'A'.repeat(32) }, at)
    await stores.staffSessions.begin(session, { staffId: id, browser: `browser-of-${email}` }, at)
    const found = await stores.staff.find(id)
    if (!found) throw new Error('nobody')
    return { staff: found, sessionId: session, fresh: true }
  }
  type Person = Awaited<ReturnType<typeof person>>
  /** A device on which the person has set a passkey up. */
  async function deviceOf(who: Person, behaviour: Parameters<typeof createAuthenticator>[1] = {}) {
    const device = createAuthenticator(origin, behaviour)
    const posted = device.create(options(await passkeys.offer(who, 'Laptop')))
    if ((await passkeys.add(who, { name: 'Laptop', posted })) !== 'added') throw new Error('no passkey')
    return device
  }
  return {
    ...{ clock, transaction, stores, signIn, passkeys, staff, options, person, deviceOf },
    openSessions: async (staffId: string): Promise<number> =>
      Number((await db('staff_sessions').where({ staff_id: staffId, ended_at: null }).count('* as n'))[0]?.n),
    /** Options of the sign-in, given to this browser. */
    async offer(waiting: string) {
      return options(await signIn.offer(waiting, stranger.address))
    },
    use: (posted: string, waiting: string, from = stranger) => signIn.signIn({ posted, waiting, ...from }),
    events: async (): Promise<string[]> => await db('audit_events').orderBy('id').pluck('type'),
    /** Why the last sign-in failed. */
    async why(): Promise<unknown> {
      const [event] = await db('audit_events').where({ type: 'staff_sign_in_failed' }).orderBy('id', 'desc').limit(1)
      return event?.data.reason
    },
    mails: async (): Promise<number> => Number((await db('messages').count('* as n'))[0]?.n),
  }
}
