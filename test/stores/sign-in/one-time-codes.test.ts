import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import { createOneTimeCodeStore, type NewCode } from '../../../src/stores/sign-in/one-time-codes.ts'
import { describeOnBoth, sixteenTimes } from '../../support/stores/databases.ts'
import { createProtection, newKey } from '../../support/stores/protection.ts'

const [oldKey, newestKey] = [newKey('old'), newKey('new')]
const protection = createProtection(oldKey)
const now = new Date('2026-11-25T09:00:00Z')
const expiresAt = new Date('2026-11-25T09:05:00Z')
const bound = { purpose: 'signIn', subject: 'journey:account' } as const
const newCode = (changes: Partial<NewCode> = {}): NewCode => ({
  id: randomUUID(),
  ...bound,
  code: '123456',
  country: 'DE',
  tries: 3,
  issuedAt: now,
  expiresAt,
  ...changes,
})

describeOnBoth('one-time codes', (database) => {
  const store = (keys = protection) => createOneTimeCodeStore(database(), keys)

  beforeEach(async () => {
    await database()('one_time_codes').delete()
  })

  it('are right for what they are bound to, and for nothing else', async () => {
    const code = newCode()
    await store().issue(code)
    expect(await store().check({ ...bound, subject: 'other journey:account' }, '123456', now)).toEqual({
      result: 'none',
    })
    expect(await store().check({ ...bound, purpose: 'newLetter' }, '123456', now)).toEqual({ result: 'none' })
    expect(await store().check(bound, '123456', now)).toEqual({ result: 'right', id: code.id })
  })

  it('are not stored, nor is what they are bound to', async () => {
    await store().issue(newCode())
    const row = JSON.stringify(await database()('one_time_codes').first())
    for (const value of ['123456', 'journey:account']) expect(row).not.toContain(value)
  })

  it('count down with every try, the right one too, and are dead after the third', async () => {
    const code = newCode()
    await store().issue(code)
    expect(await store().check(bound, '000000', now)).toEqual({ result: 'wrong', triesLeft: 2 })
    expect(await store().check(bound, '123456', now)).toEqual({ result: 'right', id: code.id })
    expect(await store().check(bound, '000000', now)).toEqual({ result: 'wrong', triesLeft: 0 })
    expect(await store().check(bound, '123456', now)).toEqual({ result: 'none' })
  })

  it('are dead from the moment they expire', async () => {
    await store().issue(newCode())
    expect(await store().check(bound, '123456', expiresAt)).toEqual({ result: 'none' })
    expect(await store().check(bound, '123456', new Date(expiresAt.getTime() - 1))).toMatchObject({ result: 'right' })
  })

  it('are used up once', async () => {
    const code = newCode()
    await store().issue(code)
    expect(await store().consume(code.id, now)).toBe(true)
    expect(await store().consume(code.id, now)).toBe(false)
    expect(await store().check(bound, '123456', now)).toEqual({ result: 'none' })
  })

  it('are void when a newer one of the same binding goes out', async () => {
    const [first, second] = [newCode({ code: '111111' }), newCode({ code: '222222' })]
    const other = newCode({ code: '333333', subject: 'other' })
    for (const code of [first, other, second]) await store().issue(code)
    expect(await store().check(bound, '111111', now)).toEqual({ result: 'wrong', triesLeft: 2 })
    expect(await store().check(bound, '222222', now)).toEqual({ result: 'right', id: second.id })
    expect(await store().check({ ...bound, subject: 'other' }, '333333', now)).toMatchObject({ result: 'right' })
  })

  it('cannot be used up when a newer one has gone out since they were checked', async () => {
    const first = newCode()
    await store().issue(first)
    expect(await store().check(bound, '123456', now)).toMatchObject({ result: 'right' })
    await store().issue(newCode())
    expect(await store().consume(first.id, now)).toBe(false)
  })

  it('issued under the older key are right while keys rotate, and void when a newer one goes out', async () => {
    await store().issue(newCode({ code: '111111' }))
    const rotated = store(createProtection(newestKey, oldKey))
    expect(await rotated.check(bound, '111111', now)).toMatchObject({ result: 'right' })
    await rotated.issue(newCode({ code: '222222' }))
    expect(await rotated.check(bound, '111111', now)).toMatchObject({ result: 'wrong' })
  })

  it('tell how many were sent and entered, per purpose, country and time', async () => {
    const entered = newCode({ subject: 'a' })
    for (const code of [
      entered,
      newCode({ subject: 'b' }),
      newCode({ subject: 'c', country: 'AT' }),
      newCode({ subject: 'd', purpose: 'registration' }),
      newCode({ subject: 'e', issuedAt: new Date('2026-11-24T09:00:00Z') }),
    ])
      await store().issue(code)
    await store().consume(entered.id, now)
    const since = new Date('2026-11-25T08:00:00Z')
    expect(await store().share('signIn', 'DE', since)).toEqual({ sent: 2, entered: 1 })
    expect(await store().share('signIn', 'FR', since)).toEqual({ sent: 0, entered: 0 })
  })

  it('are forgotten', async () => {
    await store().issue(newCode())
    expect(await store().deleteIssuedBefore(now)).toBe(0)
    expect(await store().deleteIssuedBefore(expiresAt)).toBe(1)
  })

  it('allow three tries to 16 at once, right or wrong', async () => {
    await store().issue(newCode())
    const wrong = await sixteenTimes(() => store().check(bound, '000000', now))
    expect(wrong.filter(({ result }) => result !== 'none')).toHaveLength(3)
    await store().issue(newCode())
    const right = await sixteenTimes(() => store().check(bound, '123456', now))
    expect(right.filter(({ result }) => result === 'right')).toHaveLength(3)
  })

  it('are used up by one of 16 at once', async () => {
    const code = newCode()
    await store().issue(code)
    expect((await sixteenTimes(() => store().consume(code.id, now))).filter(Boolean)).toHaveLength(1)
  })
})
