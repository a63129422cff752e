import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import { createMessageClaimStore } from '../../../src/stores/messages/message-claims.ts'
import { createMessageStore, type NewMessage } from '../../../src/stores/messages/messages.ts'
import { describeOnBoth, describeOnServer, sixteenTimes } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const protection = createProtection()
const now = new Date('2026-11-25T09:00:00Z')
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000)
const payload = { to: '+4915112345670', text: 'Ihre mTAN ist 123456' }

describeOnBoth('claims on messages', (database) => {
  const claims = () => createMessageClaimStore(database(), protection)
  const claim = (limit = 10) => claims().claim(['sms', 'email'], limit, 60, now)
  const row = (id: string) => database()('messages').where({ id }).first()
  const runOut = () => database()('messages').update({ claimed_until: database().raw("now() - interval '1 second'") })
  const makeDue = () => database()('messages').update({ due_at: database().raw("now() - interval '1 second'") })

  async function add(changes: Partial<NewMessage> = {}): Promise<string> {
    const id = randomUUID()
    await createMessageStore(database(), protection).add({
      ...{ id, kind: 'sms', payload, expiresAt: null, createdAt: now },
      ...changes,
    })
    return id
  }

  async function claimOne() {
    const [message] = await claim()
    if (!message) throw new Error('nothing to claim')
    return message
  }

  beforeEach(async () => {
    await database()('messages').delete()
  })

  it('are given once, with the payload, until they end', async () => {
    const id = await add()
    const message = await claimOne()
    expect(message).toMatchObject({ id, kind: 'sms', attempts: 1 })
    expect(message.payload()).toEqual(payload)
    expect(await claim()).toEqual([])
    await runOut()
    expect(await claimOne()).toMatchObject({ id, attempts: 2 })
  })

  it('are given for messages by their ids, as for all that may be sent', async () => {
    const [id, other] = [await add(), await add()]
    const claimThese = (...ids: string[]) => claims().claimThese(ids, 60, now)
    expect(await claimThese(id)).toMatchObject([{ id, attempts: 1 }])
    expect(await claimThese(id)).toEqual([])
    expect(await claim()).toMatchObject([{ id: other }])
    const [earlier, later] = [await add({ order: 'account:1' }), await add({ order: 'account:1' })]
    expect(await claimThese(later)).toEqual([])
    expect(await claimThese(earlier)).toMatchObject([{ id: earlier }])
  })

  it('that ended cannot be used to note a failure', async () => {
    const id = await add()
    const lost = await claimOne()
    await runOut()
    const taken = await claimOne()
    expect(await claims().renew(lost)).toBe(false)
    expect(await claims().giveUp(lost, 'late', now)).toBe(false)
    await claims().tryAgain(lost, 'late', { first: 1, longest: 1 })
    expect(await row(id)).toMatchObject({ claim: taken.claim, delivered_at: null, failed_at: null, failure: null })
    expect(await claims().delivered(taken, now)).toBe(true)
  })

  it('that ended still note a delivery, once, but not of what has ended otherwise', async () => {
    const id = await add()
    const lost = await claimOne()
    await runOut()
    const taken = await claimOne()
    expect(await claims().delivered(lost, now)).toBe(true)
    expect(await row(id)).toMatchObject({ claim: null, payload: null, delivered_at: now })
    expect([await claims().renew(taken), await claims().delivered(taken, later(1))]).toEqual([false, false])
    const old = await add({ supersedes: 'mtan:1' })
    const late = await claimOne()
    await runOut()
    await claimOne()
    await createMessageStore(database(), protection).supersede('mtan:1', await add({ supersedes: 'mtan:1' }), now)
    expect(await claims().delivered(late, now)).toBe(false)
    expect(await row(old)).toMatchObject({ failure: 'superseded', delivered_at: null })
  })

  it('last as long as they are renewed, also of what was made void meanwhile', async () => {
    const old = await add({ supersedes: 'mtan:1' })
    const message = await claimOne()
    const newer = await add({ supersedes: 'mtan:1' })
    await createMessageStore(database(), protection).supersede('mtan:1', newer, now)
    await runOut()
    expect(await claims().renew(message)).toBe(true)
    expect(await claim()).toEqual([])
    expect(await claims().delivered(message, now)).toBe(true)
    expect(await row(old)).toMatchObject({ delivered_at: now })
    expect((await claim()).map(({ id }) => id)).toEqual([newer])
  })

  it('blank what is delivered or given up', async () => {
    await add()
    await claims().delivered(await claimOne(), now)
    await add()
    await claims().giveUp(await claimOne(), 'refused', now)
    expect(await database()('messages').whereNotNull('payload')).toEqual([])
    expect(await claim()).toEqual([])
  })

  it('come again after a pause that doubles and is shortened by chance', async () => {
    const id = await add()
    for (const [attempt, longest] of [10, 20, 40, 50, 50].entries()) {
      const message = await claimOne()
      await claims().tryAgain(message, 'HTTP_503', { first: 10, longest: 50 })
      const seconds = `extract(epoch from due_at - clock_timestamp())::float as pause`
      const { pause } = await database()('messages').where({ id }).first(database().raw(seconds))
      expect(pause, `try ${attempt + 1}`).toBeGreaterThan(longest / 2 - 2)
      expect(pause).toBeLessThanOrEqual(longest)
      expect(await claim()).toEqual([])
      await makeDue()
    }
  })

  it('keep the order of one account, and go on after a message was given up', async () => {
    const first = await add({ order: 'account:1' })
    const second = await add({ order: 'account:1' })
    const other = await add({ order: 'account:2' })
    const got = await claim()
    expect(got.map(({ id }) => id).sort()).toEqual([first, other].sort())
    const one = got.find(({ id }) => id === first)
    if (!one) throw new Error('first is missing')
    await claims().tryAgain(one, 'busy', { first: 1000, longest: 1000 })
    expect(await claim()).toEqual([])
    await makeDue()
    const again = (await claim()).find(({ id }) => id === first)
    if (!again) throw new Error('first is missing')
    await claims().giveUp(again, 'gone', now)
    expect((await claimOne()).id).toBe(second)
  })

  it('do not wait for one that has expired unnoticed', async () => {
    await add({ order: 'account:1', expiresAt: later(-1) })
    await database()('messages').update({ due_at: database().raw("now() + interval '1 hour'") })
    const second = await add({ order: 'account:1' })
    expect((await claimOne()).id).toBe(second)
  })

  it('never give a void mTAN, and its successor only after a try of it has ended', async () => {
    const old = await add({ supersedes: 'mtan:1' })
    const underWay = await claimOne()
    expect(underWay.id).toBe(old)
    const newer = await add({ supersedes: 'mtan:1' })
    await createMessageStore(database(), protection).supersede('mtan:1', newer, now)
    expect(await claim()).toEqual([])
    await claims().tryAgain(underWay, 'HTTP_503', { first: 1, longest: 1 })
    await makeDue()
    expect((await claim()).map(({ id }) => id)).toEqual([newer])
  })

  it('give the later of two mTANs that were written at the same time', async () => {
    await add({ supersedes: 'mtan:1' })
    const newer = await add({ supersedes: 'mtan:1' })
    expect((await claim()).map(({ id }) => id)).toEqual([newer])
  })

  it('end what is overdue though nobody has ever claimed it, but not what is under way', async () => {
    const overdue = await add({ expiresAt: later(-1) })
    const endless = await add({ createdAt: later(-1000) })
    const waiting = await add({ expiresAt: later(1) })
    const expired = await claims().expire(now, later(-500), 10)
    expect(expired.map(({ id }) => id).sort()).toEqual([overdue, endless].sort())
    expect(await row(overdue)).toMatchObject({ failure: 'expired', payload: null })
    await claim()
    expect(await claims().expire(later(10), later(-500), 10)).toEqual([])
    expect((await row(waiting)).payload).not.toBeNull()
  })

  it('take over what an earlier version has written and not sent', async () => {
    const id = randomUUID()
    const sealed = protection.encryption.encrypt('{}', `messages.payload:${id}`)
    await database()('messages').insert({ id, kind: 'email', payload: sealed, created_at: now })
    expect(await claim()).toEqual([])
    await makeDue()
    expect((await claimOne()).id).toBe(id)
  })
})

describeOnServer('sixteen that claim at once', (database) => {
  it('get each message once, and of one account one at a time', async () => {
    const store = createMessageStore(database(), protection)
    for (let n = 0; n < 40; n++)
      await store.add({
        ...{ id: randomUUID(), kind: 'email', payload, expiresAt: null, createdAt: now },
        order: n < 20 ? `account:${n % 4}` : undefined,
      })
    const claims = createMessageClaimStore(database(), protection)
    const got = (await sixteenTimes(() => claims.claim(['email'], 5, 60, now))).flat()
    expect(got).toHaveLength(24)
    expect(new Set(got.map(({ id }) => id)).size).toBe(24)
  })
})
