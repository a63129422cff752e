import { TOTP } from 'otpauth'
import { beforeEach, expect, it } from 'vitest'
import { createAuditTrail } from '../../../src/audit/events.ts'
import { createPasswordHasher } from '../../../src/crypto/password-hasher.ts'
import { createRandom } from '../../../src/crypto/random.ts'
import type { TwoPersonAct } from '../../../src/domain/staff/two-persons.ts'
import { createApprovalService, type DoApproved } from '../../../src/services/staff/approvals.ts'
import { createStaffService } from '../../../src/services/staff/staff.ts'
import type { Database } from '../../../src/stores/database/database.ts'
import { createStores } from '../../../src/stores/index.ts'
import { createTransaction } from '../../../src/stores/transaction.ts'
import { emptyAuditLog } from '../../support/audit.ts'
import { createStandingClock } from '../../support/clock.ts'
import { describeOnServer, sixteenTimes } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const protection = createProtection()
const password = 'drei-blaue-Zelte-am-See'

function createWorld(db: Database) {
  const clock = createStandingClock('2027-03-12T09:00:00Z')
  const stores = createStores(db, protection)
  const transaction = createTransaction({
    knex: db,
    protection,
    createAudit: (unit) => createAuditTrail(unit.auditEvents.append),
    committed: () => {},
  })
  const random = createRandom()
  const hasher = createPasswordHasher({ memoryKiB: 8, iterations: 1, parallelism: 1, perCore: 2, queue: 64 })
  const staff = createStaffService({
    ...{ stores, transaction, clock, protocolClock: clock, random, hasher, consoleUrl: 'https://login.example.org' },
    isCommonPassword: () => false,
  })
  const approvals = createApprovalService({
    ...{ stores, transaction, clock },
    acts: {
      'staff.owner': (unit, { subject }, by) => staff.makeOwner(unit, subject, by),
      'staff.reset-totp': (unit, { subject }, by) => staff.resetFactors(unit, subject, by),
    } satisfies Partial<Record<TwoPersonAct, DoApproved>> as Record<TwoPersonAct, DoApproved>,
  })
  const join = async (link: string) => {
    const token = link.split('/').at(-1) as string
    const totpSecret = (await staff.lookAtLink(token))?.totpSecret as string
    const code = new TOTP({ secret: totpSecret }).generate({ timestamp: clock.now().getTime() })
    return await staff.join(token, { password, totpSecret, code })
  }
  return {
    ...{ clock, stores, staff, approvals, join },
    async member(email: string, role: Parameters<typeof staff.invite>[1]): Promise<string> {
      const invited = await staff.invite(email, role, { actor: 'cli:k.weber' })
      if ('reason' in invited) throw new Error(invited.reason)
      await join(invited.link)
      return invited.staff.id
    },
    events: async () => await db('audit_events').orderBy('id').pluck('type'),
  }
}

describeOnServer('staff', (database) => {
  let world: ReturnType<typeof createWorld>
  beforeEach(async () => {
    await database()('approvals').delete()
    await database()('staff').delete()
    await emptyAuditLog(database())
    world = createWorld(database())
  })

  it('come in by a link that is good for a day and once, of sixteen at the same moment', async () => {
    const invited = await world.staff.invite('A.Owner@example.org', 'owner', { actor: 'cli:k.weber' })
    if ('reason' in invited) throw new Error(invited.reason)
    expect(invited.staff.email).toBe('a.owner@example.org')
    const outcomes = await sixteenTimes(() => world.join(invited.link).catch(() => ({ outcome: 'link_over' })))
    expect(outcomes.filter(({ outcome }) => outcome === 'joined').length).toBe(1)
    const late = await world.staff.invite('late@example.org', 'clients', { actor: 'cli:k.weber' })
    world.clock.forward(24 * 3600)
    expect('link' in late && (await world.staff.lookAtLink(late.link.split('/').at(-1) as string))).toBeNull()
  })

  it('have one first owner, also when sixteen are invited at once; further ones take two', async () => {
    await world.member('first@example.org', 'owner')
    const again = await sixteenTimes((n) => world.staff.invite(`o${n}@example.org`, 'owner', { actor: 'cli:k.weber' }))
    expect(again).toEqual(Array(16).fill({ reason: 'owner_takes_two' }))
  })

  it('keep a last owner, whoever asks at the same moment', async () => {
    const [first, second] = [
      await world.member('first@example.org', 'owner'),
      await world.member('b@example.org', 'clients'),
    ]
    await world.approvals.ask({ act: 'staff.owner', subject: second, reason: 'Vertretung' }, `staff:${first}`)
    const [asked] = await world.approvals.open()
    expect(await world.approvals.decide(asked?.id as string, 'approved', `staff:${second}`)).toMatchObject({
      outcome: 'approved',
    })
    const ends = await Promise.all([
      world.staff.deactivate(first, `staff:${second}`),
      world.staff.deactivate(second, `staff:${first}`),
    ])
    expect(ends.filter((end) => end === 'deactivated').length).toBe(1)
    expect(ends).toContainEqual({ reason: 'last_owner' })
  })

  it('decide once, of sixteen at once, and never on what they asked for themselves', async () => {
    const first = await world.member('first@example.org', 'owner')
    const subject = await world.member('b@example.org', 'clients')
    const asked = await sixteenTimes(() =>
      world.approvals.ask({ act: 'staff.owner', subject, reason: 'Vertretung' }, `staff:${first}`),
    )
    const [approval] = asked.filter((each) => each !== null)
    expect(asked.filter((each) => each !== null).length).toBe(1)
    const id = approval?.id as string
    expect(await world.approvals.decide(id, 'approved', `staff:${first}`)).toEqual({ outcome: 'not_yours' })
    expect(await world.approvals.decide(id, 'withdrawn', 'staff:other')).toEqual({ outcome: 'not_yours' })
    const decided = await sixteenTimes((n) => world.approvals.decide(id, n % 2 ? 'approved' : 'refused', `staff:${n}`))
    expect(decided.filter(({ outcome }) => outcome !== 'not_yours').length).toBe(1)
  })

  it('do nothing when what was approved cannot be done any more', async () => {
    const first = await world.member('first@example.org', 'owner')
    const subject = await world.member('b@example.org', 'clients')
    const asked = await world.approvals.ask({ act: 'staff.owner', subject, reason: 'Vertretung' }, `staff:${first}`)
    await world.staff.deactivate(subject, `staff:${first}`)
    const before = await world.events()
    const done = await world.approvals.decide(asked?.id as string, 'approved', 'staff:other')
    expect(done).toEqual({ outcome: 'impossible', why: { reason: 'deactivated' } })
    expect([await world.events(), (await world.approvals.open()).length]).toEqual([before, 1])
  })

  it('let an approval go after a week, and may ask anew', async () => {
    const first = await world.member('first@example.org', 'owner')
    const subject = await world.member('b@example.org', 'clients')
    const asked = await world.approvals.ask({ act: 'staff.owner', subject, reason: 'Vertretung' }, `staff:${first}`)
    world.clock.forward(7 * 86_400)
    expect(await world.approvals.decide(asked?.id as string, 'approved', 'staff:other')).toEqual({
      outcome: 'not_yours',
    })
    expect(
      await world.approvals.ask({ act: 'staff.owner', subject, reason: 'Vertretung' }, `staff:${first}`),
    ).not.toBeNull()
  })

  it('set up both factors anew when two want it; the old ones are gone at once', async () => {
    const first = await world.member('first@example.org', 'owner')
    const subject = await world.member('b@example.org', 'clients')
    const asked = await world.approvals.ask(
      { act: 'staff.reset-totp', subject, reason: 'Handy verloren' },
      `staff:${first}`,
    )
    await world.approvals.decide(asked?.id as string, 'approved', 'staff:other')
    expect(await world.stores.staff.secrets(subject)).toBeNull()
    expect(await world.events()).toContain('staff_factor_reset')
  })
})
