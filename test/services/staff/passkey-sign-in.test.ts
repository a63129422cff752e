import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import { emptyAuditLog } from '../../support/audit.ts'
import { createAuthenticator } from '../../support/authenticator.ts'
import { createPasskeyWorld, origin, type PasskeyWorld, stranger } from '../../support/passkeys.ts'
import { describeOnServer, sixteenTimes } from '../../support/stores/databases.ts'

describeOnServer('passkeys that staff use', (database) => {
  let world: PasskeyWorld
  beforeEach(async () => {
    for (const table of ['staff', 'messages', 'rate_limits', 'passkey_challenges']) await database()(table).delete()
    await emptyAuditLog(database())
    world = createPasskeyWorld(database())
  })

  it('let their person in, tell him by mail, and say so in the log', async () => {
    const who = await world.person('k.weber@example.org')
    const device = await world.deviceOf(who)
    const done = await world.use(device.prove(await world.offer('here')), 'here')
    expect(done).toMatchObject({ outcome: 'signed_in', staff: { id: who.staff.id } })
    expect(await world.events()).toEqual(['staff_passkey_added', 'staff_signed_in'])
    expect(await world.mails()).toBe(2)
    expect((await world.passkeys.of(who.staff.id))[0]).toMatchObject({ name: 'Laptop', counter: 2, synced: false })
  })

  it('are asked for a challenge that is good once, of sixteen at the same moment', async () => {
    const device = await world.deviceOf(await world.person('k.weber@example.org'))
    const posted = device.prove(await world.offer('here'))
    const outcomes = await sixteenTimes(() => world.use(posted, 'here', { ...stranger, browser: randomUUID() }))
    expect(outcomes.filter(({ outcome }) => outcome === 'signed_in').length).toBe(1)
    // Ten refusals, then the pause of the stranger's lane.
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toContain('refused')
    expect(await world.why()).toBe('passkey_challenge')
  })

  it('take sixteen proofs of one counter once, each for a challenge of its own', async () => {
    const who = await world.person('k.weber@example.org')
    const device = await world.deviceOf(who)
    const posted = await sixteenTimes(async (n) => {
      const offered = await world.offer(`tab-${n}`)
      device.count(6)
      return device.prove(offered)
    })
    const outcomes = await Promise.all(
      posted.map((each, n) => world.signIn.signIn({ posted: each, waiting: `tab-${n}`, ...stranger })),
    )
    expect(outcomes.filter(({ outcome }) => outcome === 'signed_in').length).toBe(1)
    expect(await world.events()).toContain('staff_passkey_counter')
  })

  it('are refused when anything about the proof is not as asked', async () => {
    const [who, other] = [await world.person('k.weber@example.org'), await world.person('other@example.org')]
    const device = await world.deviceOf(who)
    await world.deviceOf(other)
    const offer = () => world.offer('here')
    const otherHandle = Buffer.from(other.staff.id).toString('base64url')
    const foreign = world.options(await world.signIn.offer('there', stranger.address))
    const attacks: [string, string][] = [
      ['passkey_form', 'not json'],
      ['passkey_form', '{"id":1}'],
      ['passkey_unknown', createAuthenticator(origin).prove(await offer())],
      ['passkey_proof', device.prove(await offer(), { origin: 'https://konsole.example.org.evil.example' })],
      ['passkey_proof', device.prove(await offer(), { origin: 'https://example.org' })],
      ['passkey_proof', device.prove(await offer(), { rpId: 'example.org' })],
      ['passkey_proof', device.prove(await offer(), { verified: false })],
      ['passkey_proof', device.prove(await offer(), { type: 'webauthn.create' })],
      ['passkey_proof', device.prove(await offer(), { synced: true })],
      ['passkey_holder', device.prove(await offer(), { userHandle: otherHandle })],
    ]
    for (const [reason, posted] of attacks) {
      expect(await world.use(posted, 'here')).toEqual({ outcome: 'refused' })
      expect([reason, await world.why()]).toEqual([reason, reason])
      await database()('rate_limits').delete()
    }
    // The challenge of another browser, one that nobody gave, and none at all.
    for (const options of [foreign, { challenge: Buffer.from('made up by the browser').toString('base64url') }, {}]) {
      expect(await world.use(device.prove(options), 'here')).toEqual({ outcome: 'refused' })
      expect(await world.why()).toBe('passkey_challenge')
    }
    expect(await world.use(device.prove(await offer()), 'here')).toMatchObject({ outcome: 'signed_in' })
  })

  it('are refused with the signature of another passkey', async () => {
    const who = await world.person('k.weber@example.org')
    const [device, thief] = [await world.deviceOf(who), createAuthenticator(origin)]
    const handle = Buffer.from(who.staff.id).toString('base64url')
    const forged = JSON.parse(thief.prove(await world.offer('here'), { userHandle: handle }))
    const posted = JSON.stringify({ ...forged, id: device.id, rawId: device.id })
    expect(await world.use(posted, 'here')).toEqual({ outcome: 'refused' })
    expect(await world.why()).toBe('passkey_proof')
  })

  it('answer within five minutes', async () => {
    const device = await world.deviceOf(await world.person('k.weber@example.org'))
    const [early, late] = [await world.offer('here'), await world.offer('here')]
    world.clock.forward(299)
    expect(await world.use(device.prove(early), 'here')).toMatchObject({ outcome: 'signed_in' })
    world.clock.forward(1)
    expect(await world.use(device.prove(late), 'here')).toEqual({ outcome: 'refused' })
    expect(await world.passkeys.forgetChallenges()).toBe(1)
  })

  it('are refused when the counter goes back or stands; those that never count are not', async () => {
    const who = await world.person('k.weber@example.org')
    const counting = await world.deviceOf(who)
    const synced = await world.deviceOf(who, { synced: true })
    for (let turn = 0; turn < 3; turn++)
      expect(await world.use(synced.prove(await world.offer('here')), 'here')).toMatchObject({ outcome: 'signed_in' })
    counting.count(40)
    expect(await world.use(counting.prove(await world.offer('here')), 'here')).toMatchObject({ outcome: 'signed_in' })
    for (const before of [40, 3]) {
      counting.count(before)
      expect(await world.use(counting.prove(await world.offer('here')), 'here')).toEqual({ outcome: 'refused' })
      expect(await world.why()).toBe('passkey_counter')
    }
    expect((await world.events()).filter((type) => type === 'staff_passkey_counter').length).toBe(2)
    counting.count(41)
    expect(await world.use(counting.prove(await world.offer('here')), 'here')).toMatchObject({ outcome: 'signed_in' })
  })

  it('say nothing of a counter that came without a right signature', async () => {
    const device = await world.deviceOf(await world.person('k.weber@example.org'))
    const proof = JSON.parse(device.prove(await world.offer('here')))
    const data = Buffer.from(proof.response.authenticatorData, 'base64url')
    data.writeUInt32BE(0, 33)
    proof.response.authenticatorData = data.toString('base64url')
    expect(await world.use(JSON.stringify(proof), 'here')).toEqual({ outcome: 'refused' })
    expect(await world.events()).not.toContain('staff_passkey_counter')
  })

  it('prove again who is signed in, by his own passkey and in his own session', async () => {
    const [who, other] = [await world.person('k.weber@example.org'), await world.person('other@example.org')]
    const [device, strange] = [await world.deviceOf(who), await world.deviceOf(other)]
    world.clock.forward(6 * 60)
    const provedAt = async () => (await database()('staff_sessions').where({ staff_id: who.staff.id }))[0].proved_at
    const before = await provedAt()
    const offer = () => world.signIn.offerAgain(who)
    expect(await world.signIn.proveAgain(who, strange.prove(await offer()))).toBe('refused')
    // That of somebody else, which says that it is hers, or nothing.
    const hers = Buffer.from(who.staff.id).toString('base64url')
    expect(await world.signIn.proveAgain(who, strange.prove(await offer(), { userHandle: hers }))).toBe('refused')
    const silent = JSON.parse(strange.prove(await offer()))
    delete silent.response.userHandle
    expect(await world.signIn.proveAgain(who, JSON.stringify(silent))).toBe('refused')
    expect(await world.signIn.proveAgain(who, device.prove(await world.signIn.offerAgain(other)))).toBe('refused')
    expect(await world.signIn.proveAgain(who, device.prove(await world.offer(who.sessionId)))).toBe('refused')
    expect(await provedAt()).toEqual(before)
    // Devices that were asked for one person's passkeys may leave out whose it is.
    const proof = JSON.parse(device.prove(await offer()))
    delete proof.response.userHandle
    expect(await world.signIn.proveAgain(who, JSON.stringify(proof))).toBe('proved')
    expect(await provedAt()).toEqual(world.clock.now())
    expect(await world.signIn.proveAgain(who, JSON.stringify(proof))).toBe('refused')
  })

  it('pause a stranger after ten failures, and never the browser that the person uses', async () => {
    const device = await world.deviceOf(await world.person('k.weber@example.org'))
    const known = { ...stranger, browser: 'hers' }
    expect(await world.use(device.prove(await world.offer('here')), 'here', known)).toMatchObject({
      outcome: 'signed_in',
    })
    for (let turn = 0; turn < 10; turn++)
      expect(await world.use(device.prove({}), 'here')).toEqual({ outcome: 'refused' })
    const right = device.prove(await world.offer('here'))
    expect(await world.use(right, 'here')).toMatchObject({ outcome: 'paused' })
    expect(await world.use(right, 'here', known)).toMatchObject({ outcome: 'signed_in' })
  })
})
