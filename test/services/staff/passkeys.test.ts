import { beforeEach, expect, it } from 'vitest'
import { emptyAuditLog } from '../../support/audit.ts'
import { createAuthenticator } from '../../support/authenticator.ts'
import { createPasskeyWorld, origin, type PasskeyWorld } from '../../support/passkeys.ts'
import { describeOnServer, sixteenTimes } from '../../support/stores/databases.ts'

describeOnServer('passkeys that staff set up and remove', (database) => {
  let world: PasskeyWorld
  beforeEach(async () => {
    for (const table of ['staff', 'messages', 'rate_limits', 'passkey_challenges']) await database()(table).delete()
    await emptyAuditLog(database())
    world = createPasskeyWorld(database())
  })

  it('are set up once from one challenge, of sixteen at the same moment', async () => {
    const who = await world.person('k.weber@example.org')
    const posted = createAuthenticator(origin).create(world.options(await world.passkeys.offer(who, 'Laptop')))
    const outcomes = await sixteenTimes(() => world.passkeys.add(who, { name: 'Laptop', posted }))
    expect(outcomes.filter((outcome) => outcome === 'added').length).toBe(1)
    expect((await world.passkeys.of(who.staff.id)).length).toBe(1)
  })

  it('are set up only as asked: verified, here, for who is signed in', async () => {
    const who = await world.person('k.weber@example.org')
    const other = await world.person('other@example.org')
    const make = async (behaviour: object, signedIn = who) =>
      await world.passkeys.add(who, {
        name: 'x',
        posted: createAuthenticator(origin).create(world.options(await world.passkeys.offer(signedIn, 'x')), behaviour),
      })
    const refused = { reason: 'refused' }
    expect(await make({ verified: false })).toEqual(refused)
    expect(await make({ origin: 'https://evil.example' })).toEqual(refused)
    expect(await make({ rpId: 'evil.example' })).toEqual(refused)
    expect(await make({ type: 'webauthn.get' })).toEqual(refused)
    expect(await make({}, other)).toEqual(refused)
    // A challenge of the sign-in makes no passkey.
    const posted = createAuthenticator(origin).create(await world.offer(who.sessionId))
    expect(await world.passkeys.add(who, { name: 'x', posted })).toEqual(refused)
    expect(await make({})).toBe('added')
  })

  it('have names, of ten at most, and a credential belongs to one person', async () => {
    const [who, other] = [await world.person('k.weber@example.org'), await world.person('other@example.org')]
    expect(await world.passkeys.offer(who, ' ')).toEqual({ reason: 'missing' })
    expect(await world.passkeys.offer(who, 'x'.repeat(41))).toEqual({ reason: 'unreadable' })
    const device = await world.deviceOf(who)
    const again = device.create(world.options(await world.passkeys.offer(other, 'x')))
    expect(await world.passkeys.add(other, { name: 'x', posted: again })).toEqual({ reason: 'known' })
    const waiting = await sixteenTimes(async () =>
      createAuthenticator(origin).create(world.options(await world.passkeys.offer(who, 'x'))),
    )
    const outcomes = await Promise.all(waiting.map((posted) => world.passkeys.add(who, { name: 'x', posted })))
    expect(outcomes.filter((outcome) => outcome === 'added').length).toBe(9)
    expect(await world.passkeys.offer(who, 'x')).toEqual({ reason: 'most' })
  })

  it('are useless once their person is deactivated or set up anew, also at that moment', async () => {
    const ends = {
      deactivate: (id: string) => world.staff.deactivate(id, 'staff:other'),
      reset: (id: string) => world.transaction((unit) => world.staff.resetFactors(unit, id, 'staff:other')),
    }
    for (const [name, end] of Object.entries(ends)) {
      const who = await world.person(`${name}@example.org`)
      const device = await world.deviceOf(who)
      const posted = device.prove(await world.offer('here'))
      await end(who.staff.id)
      expect(await world.use(posted, 'here')).toEqual({ outcome: 'refused' })
      expect(await world.passkeys.of(who.staff.id)).toEqual([])
      for (let turn = 0; turn < 8; turn++) {
        const leaving = await world.person(`${name}-${turn}@example.org`)
        const used = await world.deviceOf(leaving)
        const proof = used.prove(await world.offer('here'))
        const made = createAuthenticator(origin).create(world.options(await world.passkeys.offer(leaving, 'x')))
        await Promise.all([
          world.passkeys.add(leaving, { name: 'x', posted: made }),
          world.use(proof, 'here'),
          end(leaving.staff.id),
        ])
        expect(await world.passkeys.of(leaving.staff.id)).toEqual([])
        expect(await world.openSessions(leaving.staff.id)).toBe(0)
      }
      // Nor does who was there before get a passkey now.
      const late = createAuthenticator(origin).create(world.options(await world.passkeys.offer(who, 'x')))
      expect(await world.passkeys.add(who, { name: 'x', posted: late })).toEqual({ reason: 'refused' })
    }
  })

  it('are removed by their person alone, which ends his other sessions', async () => {
    const [who, other] = [await world.person('k.weber@example.org'), await world.person('other@example.org')]
    const device = await world.deviceOf(who)
    const elsewhere = await world.use(device.prove(await world.offer('here')), 'here')
    const [passkey] = await world.passkeys.of(who.staff.id)
    expect(await world.passkeys.remove(other, passkey?.id as string)).toBe(false)
    expect(await world.passkeys.remove(who, 'no-such-id')).toBe(false)
    const outcomes = await sixteenTimes(() => world.passkeys.remove(who, passkey?.id as string))
    expect(outcomes.filter(Boolean).length).toBe(1)
    const ends = { idle: 900, most: 28_800 }
    const lives = (id: string) => world.stores.staffSessions.use(id, world.clock.now(), ends)
    expect(await lives(who.sessionId)).not.toBeNull()
    expect(await lives((elsewhere as { sessionId: string }).sessionId)).toBeNull()
    expect(await world.use(device.prove(await world.offer('here')), 'here')).toEqual({ outcome: 'refused' })
  })
})
