import { beforeEach, describe, expect, it } from 'vitest'
import type { Actor } from '../../../src/audit/event.ts'
import { helpActs } from '../../../src/services/accounts/help-desk/acts.ts'
import { maskedFields } from '../../../src/services/accounts/help-desk/masks.ts'
import { answer, createDesk, type Desk } from '../../support/help-desk.ts'
import { erika, newAccount } from '../../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { describeOnDatabase } from '../../support/stores/databases.ts'

const minute = 60
const [hour, day] = [60 * minute, 24 * 60 * minute]
const actor: Actor = 'staff:6d1f4a4e-0000-4000-8000-000000000001'
const doing = { actor, reason: 'ruft an' }
/** Everything personal of Erika's account, as it must never stand in clear. */
const personal = ['A123456780', 'erika@example.org', '+4915112345670', 'Mustermann', 'Ahornweg', '1964']

describeOnDatabase('the help desk', (database) => {
  let world: ServiceWorld
  let { desk, limits, active }: Desk = {} as Desk
  beforeEach(async () => {
    world = createServiceWorld(database())
    await world.empty()
    await database()('rate_limits').delete()
    ;({ desk, limits, active } = createDesk(world))
    await world.importPersons(erika)
  })

  const types = async () => (await database()('audit_events').orderBy('id')).map((row) => row.type)
  const sessionOf = async (name: string) => {
    const id = '6d1f4a4e-0000-4000-8000-000000000001'
    const staff = { id, email: 'x', role: 'support', language: 'de', invited_by: 'cli', invited_at: new Date() }
    await database()('staff').insert(staff).onConflict('id').ignore()
    await world.stores.staffSessions.begin(name, { staffId: id, browser: 'b' }, world.clock.now())
    return name
  }

  describe('finds', () => {
    it('by the whole number or user name only, and writes each look down', async () => {
      const account = await active({ username: 'erika.m' })
      for (const typed of ['A123456780', ' a 123 456 780', 'Erika.M', account.id])
        expect(await desk.find(typed, doing)).toMatchObject({ outcome: 'found', members: [{ id: account.id }] })
      for (const typed of ['erika', 'erika.m%', 'A12345678', 'A1234567%0', '%', '*', ''])
        expect((await desk.find(typed, doing)).outcome, typed).toMatch(/^(nobody|unreadable)$/)
      const looks = await database()('audit_events').where({ type: 'member_looked_up' })
      expect(looks).toHaveLength(4)
      for (const look of looks)
        expect([look.account_id, look.actor, look.data.reason]).toEqual([account.id, actor, 'ruft an'])
      expect(await world.events('member_not_found')).toEqual(Array(2).fill({ reason: 'ruft an', by: 'username' }))
    })

    it('every registration of a number, without saying whose they are', async () => {
      await active()
      await world.activated()
      const found = await desk.find('A123456780', doing)
      expect(found).toMatchObject({ outcome: 'found', members: [{ state: 'active' }, { state: 'awaiting_letter' }] })
      for (const each of personal) expect(JSON.stringify(found)).not.toContain(each)
      expect(await world.events('member_looked_up')).toHaveLength(2)
    })

    it('sixty members an hour for each person, found or not', async () => {
      for (let turn = 0; turn < 60; turn++)
        expect((await desk.find(turn % 2 ? 'nobody.here' : 'A123456780', doing)).outcome).toBe('nobody')
      expect((await desk.find('A123456780', doing)).outcome).toBe('limited')
      expect(await world.events('member_not_found')).toHaveLength(60)
      expect((await desk.find('A123456780', { ...doing, actor: 'cli:k.weber' })).outcome).toBe('nobody')
    })

    it('for one session and half an hour', async () => {
      const { id } = await active()
      const [mine, other] = [await sessionOf('mine'), await sessionOf('other')]
      expect(await desk.lookOf(mine, id)).toBeNull()
      await desk.find('A123456780', { ...doing, session: mine })
      expect(await desk.lookOf(mine, id)).toMatchObject({ reason: 'ruft an', identifiedAt: null })
      expect(await desk.lookOf(other, id)).toBeNull()
      world.clock.forward(31 * minute)
      expect(await desk.lookOf(mine, id)).toBeNull()
    })
  })

  describe('shows', () => {
    it('state, dates and ways, and nothing personal', async () => {
      const account = await active()
      const page = await desk.page(account.id)
      expect(page).toMatchObject({
        ...{ state: 'active', mayEnd: true, acts: ['sign-out', 'suspend'] },
        data: { username: 'er•••', insuranceNumber: 'A•••••••80', email: 'e•••@example.org', name: '•••' },
        question: { id: 'first_teacher' },
      })
      for (const each of personal) expect(JSON.stringify(page)).not.toContain(each)
    })

    it('the dates of each state', async () => {
      const waiting = newAccount({ registeredAt: world.clock.now() })
      await world.stores.accounts.create(waiting)
      expect((await desk.page(waiting.id))?.deadlines).toEqual([{ name: 'activation', lastDay: '2026-12-22' }])
      const { id } = await world.activated()
      await world.printRuns.prepare('2026-11-25')
      await world.stores.accounts.markLetterPosted(id, '2026-12-25', world.clock.now())
      const [code, never, next] = (await desk.page(id))?.deadlines ?? []
      expect([code, never]).toEqual([
        { name: 'code', lastDay: '2026-12-25' },
        { name: 'neverSignedIn', lastDay: '2027-03-25' },
      ])
      expect(next).toEqual({ name: 'nextLetter', from: new Date('2026-11-25T09:00:00Z') })
      const { id: ended } = await active({ insuranceNumber: 'B204581379' })
      await world.stores.accounts.end(ended, world.clock.now())
      expect((await desk.page(ended))?.deadlines).toEqual([{ name: 'kept', lastDay: '2027-02-22' }])
    })

    it('letters and messages by their way, not by what is in them', async () => {
      // Nobody of the register: the letter is never printed, and the page says the same as of one that is.
      const [known, unknown] = [await world.activated(), await world.activated({ insuranceNumber: 'B204581379' })]
      const runId = (await world.printRuns.prepare('2026-11-25')) as string
      await world.printRuns.release(runId)
      world.clock.forward(day)
      await world.printRuns.post(runId)
      const [first, second] = [await desk.page(known.id), await desk.page(unknown.id)]
      expect(first?.letters).toMatchObject([{ state: 'posted', postedOn: '2026-11-25', lastDay: '2026-12-25' }])
      expect(second?.letters).toEqual(first?.letters)
      expect(first?.messages).toMatchObject([{ kind: 'email', deliveredAt: null }])
    })

    it('the history in pages, with no look before the first', async () => {
      const { id } = await active()
      for (let turn = 0; turn < 30; turn++)
        await world.transaction((unit) =>
          unit.audit.signInSucceeded({
            ...{ at: world.clock.now(), accountId: id, clientId: `app-${turn}`, acr: 'a', amr: ['pwd'] },
            browserKnown: true,
          }),
        )
      const newest = await desk.page(id)
      const older = await desk.page(id, { before: newest?.history.older ?? undefined })
      expect([newest?.history.events.length, older?.history.events.length]).toEqual([25, 5])
      const seen = [...(newest?.history.events ?? []), ...(older?.history.events ?? [])]
      expect(new Set(seen.map((event) => event.data?.clientId)).size).toBe(30)
      expect(older?.history.older).toBeNull()
    })

    it('one value when it is asked for, after it was written down', async () => {
      const { id } = await active()
      expect(await desk.reveal(id, 'address', doing)).toEqual({
        ...{ outcome: 'revealed', field: 'address' },
        value: 'Ahornweg 12, 80993 München, DE',
      })
      expect(await world.events('member_data_revealed')).toEqual([{ field: 'address', reason: 'ruft an' }])
    })

    it('nothing of the register for a registration that was never signed in to', async () => {
      const { id } = await world.activated()
      const outcomes = await Promise.all(
        maskedFields.map(async (field) => [field, (await desk.reveal(id, field, doing)).outcome]),
      )
      expect(Object.fromEntries(outcomes)).toMatchObject({
        ...{ username: 'revealed', email: 'revealed', name: 'not_known', birthDate: 'not_known', address: 'not_known' },
      })
    })
  })

  describe('identifies a caller', () => {
    it('by the answer as people say it, and tells right or wrong only', async () => {
      const { id } = await active()
      const session = await sessionOf('caller')
      await desk.find('A123456780', { ...doing, session })
      expect(await desk.identify(id, 'Frau Maier', { actor, session })).toEqual({ outcome: 'wrong' })
      expect((await desk.lookOf(session, id))?.identifiedAt).toBeNull()
      expect(await desk.identify(id, ' frau  HUBER', { actor, session })).toEqual({ outcome: 'right' })
      expect((await desk.lookOf(session, id))?.identifiedAt).toEqual(world.clock.now())
      expect(await world.events('caller_identified')).toEqual([{ right: false }, { right: true }])
    })

    it('three times an hour for each account, counted first, also when many answer at once', async () => {
      const { id } = await active()
      const outcomes = await Promise.all(Array.from({ length: 16 }, () => desk.identify(id, 'Frau Maier', { actor })))
      expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual([
        ...Array(13).fill('limited'),
        ...Array(3).fill('wrong'),
      ])
      expect((await desk.identify(id, answer, { actor })).outcome).toBe('limited')
      // Nothing that the member's own sign-in is counted by was used.
      for (const limit of [limits.signInFailures, limits.wrongUnlockCode])
        expect(await limit.blockedUntil(id)).toBeNull()
      world.clock.forward(61 * minute)
      expect((await desk.identify(id, answer, { actor })).outcome).toBe('right')
    })

    it('not before there is a question', async () => {
      const { id } = await world.activated()
      expect(await desk.identify(id, answer, { actor })).toEqual({ outcome: 'no_question' })
    })
  })

  describe('does', () => {
    const mailsOf = async () => (await world.mails()).map(({ template }) => template)

    it('send the link again while it is good, three times a day', async () => {
      const waiting = newAccount({ registeredAt: world.clock.now() })
      await world.stores.accounts.create(waiting)
      for (let turn = 0; turn < 3; turn++)
        expect(await desk.do('activation', waiting.id, doing)).toEqual({ outcome: 'done' })
      expect((await desk.do('activation', waiting.id, doing)).outcome).toBe('limited')
      expect(await mailsOf()).toEqual(Array(3).fill('activationByStaff'))
      expect(await world.events('help_given')).toEqual(Array(3).fill({ act: 'activation', reason: 'ruft an' }))
      world.clock.forward(29 * day)
      expect(await desk.do('activation', waiting.id, doing)).toEqual({ outcome: 'refused', reason: 'state' })
    })

    it('order a letter within the limits of letters, and one only', async () => {
      const { id } = await world.activated()
      expect(await desk.do('letter', id, doing)).toEqual({ outcome: 'refused', reason: 'state' })
      const runId = (await world.printRuns.prepare('2026-11-25')) as string
      await world.printRuns.release(runId)
      world.clock.forward(16 * hour)
      await world.printRuns.post(runId)
      expect(await desk.do('letter', id, doing)).toEqual({
        ...{ outcome: 'limited', until: new Date('2026-11-25T09:00:00Z') },
      })
      world.clock.forward(9 * hour)
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => desk.do('letter', id, doing)))
      expect(outcomes.filter(({ outcome }) => outcome === 'done')).toHaveLength(1)
      expect(outcomes.filter((each) => 'reason' in each && each.reason === 'letter_waits')).toHaveLength(7)
      expect(await mailsOf()).toEqual(['letterPosted', 'letterByStaff'])
      const requested = await database()('audit_events')
        .where({ type: 'letter_requested' })
        .orderBy('id', 'desc')
        .first()
      expect(requested.actor).toBe(actor)
    })

    it('clear the pauses of a member, once', async () => {
      const account = await active()
      const key = world.protection.hash.hash(account.username, 'limit:username')
      expect(await desk.do('clear-pause', account.id, doing)).toEqual({ outcome: 'refused', reason: 'no_pause' })
      for (let turn = 0; turn < 12; turn++) await limits.signInFailures.use(key)
      for (let turn = 0; turn < 6; turn++) await limits.wrongUnlockCode.use(account.id)
      expect((await desk.page(account.id))?.pauses.signIn).toEqual(new Date('2026-11-24T09:15:00Z'))
      const outcomes = await Promise.all(Array.from({ length: 4 }, () => desk.do('clear-pause', account.id, doing)))
      expect(outcomes.filter(({ outcome }) => outcome === 'done')).toHaveLength(1)
      expect((await desk.page(account.id))?.pauses).toEqual({ signIn: null, unlockCode: null })
      expect(await mailsOf()).toEqual(['pauseClearedByStaff'])
    })

    it('sign out everywhere: what was signed in before counts no more', async () => {
      const { id, signInsFrom } = await active()
      expect(await desk.do('sign-out', id, doing)).toEqual({ outcome: 'done' })
      expect((await world.account(id)).signInsFrom).toBeGreaterThan(signInsFrom)
      expect((await world.account(id)).signInsFrom).toBeGreaterThan(Date.now() / 1000)
      expect(await mailsOf()).toEqual(['signedOutByStaff'])
    })

    it('suspend and lift, each once among many at once', async () => {
      const { id } = await active()
      for (const [act, state, template] of [
        ['suspend', 'suspended', 'suspendedByStaff'],
        ['lift', 'active', 'liftedByStaff'],
      ] as const) {
        const outcomes = await Promise.all(Array.from({ length: 16 }, () => desk.do(act, id, doing)))
        expect(outcomes.filter(({ outcome }) => outcome === 'done')).toHaveLength(1)
        expect((await world.account(id)).state).toBe(state)
        expect((await mailsOf()).filter((each) => each === template)).toHaveLength(1)
      }
      expect(await world.events('help_given')).toHaveLength(2)
      const { actor: by, data } = await database()('audit_events').where({ type: 'account_suspended' }).first()
      expect([by, data]).toEqual([actor, { reason: 'staff' }])
    })

    it('lift nothing that the register suspended', async () => {
      const { id } = await active()
      await world.stores.accounts.suspend(id, 'guardian', world.clock.now())
      expect(await desk.do('lift', id, doing)).toEqual({ outcome: 'refused', reason: 'state' })
      expect((await desk.page(id))?.acts).toEqual([])
      expect((await world.account(id)).state).toBe('suspended')
      expect(await types()).not.toContain('help_given')
    })

    it('offer what could be done, and refuse the rest', async () => {
      const accounts = [await active(), await world.activated({ insuranceNumber: 'B204581379' })]
      for (const { id } of accounts) {
        const offered = (await desk.page(id))?.acts ?? []
        for (const act of helpActs.filter((each) => !offered.includes(each)))
          expect((await desk.do(act, id, doing)).outcome, act).toBe('refused')
      }
    })

    it('end an account for good: the register opens it no more', async () => {
      const account = await active()
      const at = () => world.clock.now()
      await world.transaction((unit) => desk.end(unit, account.id, doing))
      expect(await world.account(account.id)).toMatchObject({ state: 'ended', endReason: 'staff' })
      const followed = await world.transaction((unit) => world.standing.follow(unit, account, at()))
      expect(followed).toEqual({ change: 'none' })
      expect(await world.stores.accounts.reopen(account.id, account.insuranceNumber, at())).toBe(false)
      expect((await world.account(account.id)).state).toBe('ended')
      expect(await mailsOf()).toEqual(['endedByStaff'])
      await expect(world.transaction((unit) => desk.end(unit, account.id, doing))).rejects.toMatchObject({
        value: { reason: 'state' },
      })
    })

    it('end an account that staff had suspended, and leave nothing of the suspension', async () => {
      const { id } = await active()
      await desk.do('suspend', id, doing)
      await world.transaction((unit) => desk.end(unit, id, doing))
      expect(await world.account(id)).toMatchObject({ state: 'ended', suspensionReason: null, endReason: 'staff' })
    })

    it('write to nobody who has died', async () => {
      const { id } = await active()
      await world.stores.accounts.suspend(id, 'deceased', world.clock.now())
      await world.transaction((unit) => desk.end(unit, id, doing))
      expect(await mailsOf()).toEqual([])
    })
  })

  it('writes nothing personal into the audit log', async () => {
    const { id } = await active()
    await desk.find('A123456780', doing)
    for (const field of maskedFields) await desk.reveal(id, field, doing)
    await desk.identify(id, answer, { actor })
    for (const act of helpActs) await desk.do(act, id, doing)
    const log = JSON.stringify((await database()('audit_events')).map(({ data, actor: by }) => [data, by]))
    for (const each of [...personal, answer, normalised]) expect(log).not.toContain(each)
  })
})

const normalised = 'frauhuber'
