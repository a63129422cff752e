import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { createAccountStore } from '../../../src/stores/accounts/accounts.ts'
import { createLetterStore } from '../../../src/stores/letters/letters.ts'
import { createPrintRunStore } from '../../../src/stores/letters/print-runs.ts'
import { createRunLetterStore } from '../../../src/stores/letters/run-letters.ts'
import { newAccount } from '../../support/members.ts'
import { describeOnBoth, describeOnServer, sixteenTimes } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const protection = createProtection()
const now = new Date('2026-11-25T09:00:00Z')
const at = (day: string) => new Date(`${day}T09:00:00Z`)
const code = 'ABCDEFGHJKMN'

describeOnBoth('unlock letters', (database) => {
  const store = () => createLetterStore(database(), protection)
  const runStore = () => createRunLetterStore(database(), protection)

  /** Takes the next letters into a run. */
  async function claim(runId: string, until: Date, limit: number) {
    const found = await runStore().findPrintable(until, limit)
    return await runStore().claim(
      runId,
      until,
      found.map(({ id }) => id),
    )
  }

  async function account(): Promise<string> {
    const created = newAccount()
    await createAccountStore(database(), protection).create(created)
    return created.id
  }

  async function run(): Promise<string> {
    const id = randomUUID()
    await createPrintRunStore(database()).createClosed(id, now, { postingDay: '2026-11-25', by: 'system', now })
    return id
  }

  async function request(accountId: string, printableFrom = now, insuranceNumberHash = 'number'): Promise<string> {
    const id = randomUUID()
    await store().request({ id, accountId, insuranceNumberHash, requestedAt: printableFrom, printableFrom })
    return id
  }

  /** A letter that went through a run of its own. */
  async function posted(accountId: string, lastDay = '2026-12-25', postedOn = '2026-11-25'): Promise<string> {
    const id = await request(accountId)
    const runId = await run()
    await claim(runId, now, 1)
    await runStore().fill(
      [{ id, envelopeId: id, content: 'unlock_code', codeHash: `hash of ${id}`, code, addressHash: null }],
      now,
    )
    await runStore().markPosted(runId, postedOn, lastDay)
    return id
  }

  beforeEach(async () => {
    for (const table of ['unlock_letters', 'print_runs', 'accounts']) await database()(table).delete()
  })

  it('wait from their request until they are posted', async () => {
    const accountId = await account()
    expect(await store().findWaiting(accountId)).toBeNull()
    const id = await request(accountId)
    expect(await store().findWaiting(accountId)).toEqual({
      id,
      envelopeId: id,
      accountId,
      insuranceNumberHash: 'number',
      purpose: 'unlock_code',
      state: 'requested',
      content: null,
      requestedAt: now,
      printableFrom: now,
      postedOn: null,
      lastDay: null,
      codeHash: null,
      code: null,
      addressHash: null,
      returnedAt: null,
    })
    const runId = await run()
    await claim(runId, now, 1)
    expect(await store().findWaiting(accountId)).toMatchObject({ id, state: 'prepared' })
    await runStore().markPosted(runId, '2026-11-25', '2026-12-25')
    expect(await store().findWaiting(accountId)).toBeNull()
  })

  describe('count', () => {
    const print = async (accountId: string, day: string, hash = 'number', content: 'unlock_code' | 'none' = 'none') => {
      const id = await request(accountId, at(day), hash)
      await claim(await run(), at(day), 1)
      const filling = { id, envelopeId: content === 'none' ? null : id, codeHash: 'h', code: null, addressHash: null }
      await runStore().fill([{ ...filling, content }], at(day))
      return id
    }

    it('for their own registration once they entered a run, printed or not; those of others are not asked', async () => {
      const [one, other] = [await account(), await account()]
      await print(other, '2026-11-10')
      await print(one, '2026-11-20')
      await print(one, '2026-11-22', 'number under another key')
      await request(one, at('2026-11-23'))
      const notice = await print(one, '2026-11-24')
      await database()('unlock_letters').where({ id: notice }).update({ purpose: 'mobile_replaced' })
      expect(await store().printTimes(one, at('2026-11-01'))).toEqual(['20', '22'].map((d) => at(`2026-11-${d}`)))
      expect(await store().printTimes(one, at('2026-11-20'))).toHaveLength(1)
    })

    it('as envelopes of a number, also after the registration is gone', async () => {
      const [one, other] = [await account(), await account()]
      const first = await print(one, '2026-11-20', 'number', 'unlock_code')
      const second = await print(other, '2026-11-20', 'number', 'unlock_code')
      await database()('unlock_letters').where({ id: second }).update({ envelope_id: first })
      await print(other, '2026-11-22', 'number', 'unlock_code')
      await print(other, '2026-11-23')
      await database()('accounts').where({ id: other }).delete()
      const counted = async (day: string) => Object.fromEntries(await runStore().countEnvelopes(['number'], at(day)))
      expect(await counted('2026-11-01')).toEqual({ number: 2 })
      expect(await counted('2026-11-20')).toEqual({ number: 1 })
    })
  })

  it('enter a run when they may be printed, no more than asked for', async () => {
    const accountId = await account()
    const [second, first, tomorrow] = [
      await request(accountId, at('2026-11-24'), 'another number'),
      await request(accountId, at('2026-11-23')),
      await request(accountId, at('2026-11-26'), 'another number'),
    ]
    const orphan = await request(await account(), at('2026-11-22'))
    await database()('accounts').whereNot({ id: accountId }).delete()
    const ids = async () => (await claim(await run(), now, 1)).map((letter) => letter.id)
    expect([await ids(), await ids(), await ids()]).toEqual([[second], [first], []])
    expect(await database()('unlock_letters').where({ state: 'requested' }).pluck('id')).toEqual(
      expect.arrayContaining([tomorrow, orphan]),
    )
  })

  it('are found until they are claimed, without those that were passed over', async () => {
    const accountId = await account()
    const newer = await request(accountId, at('2026-11-24'), 'another number')
    const older = await request(accountId, at('2026-11-23'))
    const found = async (without: string[] = []) => await runStore().findPrintable(now, 10, without)
    expect(await found()).toEqual([newer, older].map((id) => ({ id, accountId })))
    expect(await found([newer])).toEqual([{ id: older, accountId }])
    expect((await runStore().claim(await run(), at('2026-11-23'), [newer, older])).map(({ id }) => id)).toEqual([older])
    expect(await runStore().claim(await run(), now, [older])).toEqual([])
    expect(await found()).toEqual([{ id: newer, accountId }])
  })

  it('of one number enter a run together, those that may be printed, whoever asked for one of them', async () => {
    const [one, other] = [await account(), await account()]
    const first = await request(one)
    const [second, third] = [await request(other), await request(other, now, 'number under another key')]
    const [tomorrow, foreign] = [await request(other, at('2026-11-26')), await request(one, now, 'another number')]
    const claimed = await runStore().claim(await run(), now, [first], ['number', 'number under another key'])
    expect(claimed.map(({ id }) => id).sort()).toEqual([first, second, third].sort())
    expect(
      await database()('unlock_letters').where({ state: 'requested' }).orderBy('printable_from').pluck('id'),
    ).toEqual([foreign, tomorrow])
  })

  it('come from a run by envelope, whole ones only', async () => {
    const accountId = await account()
    const ids = [await request(accountId), await request(accountId), await request(accountId)].sort()
    const [first = '', second = '', third = ''] = ids
    const runId = await run()
    await runStore().claim(runId, now, ids)
    const filling = { content: 'unlock_code', codeHash: 'h', code, addressHash: null } as const
    const envelopes = { [first]: second, [second]: second, [third]: null }
    await runStore().fill(
      ids.map((id) => ({ id, envelopeId: envelopes[id] ?? null, ...filling })),
      now,
    )
    const page = async (after: string | null) =>
      (await runStore().page(runId, after, 1)).map(({ id, envelopeId }) => [id, envelopeId])
    expect(await page(null)).toEqual([
      [first, second],
      [second, second],
    ])
    expect(await page(second)).toEqual([[third, third]])
    expect(await page(third)).toEqual([])
    expect((await store().findInEnvelope(second)).map(({ id }) => id).sort()).toEqual([first, second])
    expect(await store().findEnvelopesBetween({ first, last: third })).toHaveLength(2)
    await runStore().setAside(second)
    expect(await page(null)).toEqual([[third, third]])
    await runStore().returnFromRun(runId)
    expect(await database()('unlock_letters').whereNotNull('envelope_id')).toEqual([])
  })

  it('hold their plain code, encrypted, only while their run is prepared', async () => {
    const accountId = await account()
    const id = await request(accountId)
    await runStore().fill([{ id, envelopeId: id, content: 'unlock_code', codeHash: 'h', code, addressHash: null }], now)
    expect(await store().find(id)).toMatchObject({ state: 'requested', content: null, code: null })
    const runId = await run()
    await claim(runId, now, 10)
    await runStore().fill([{ id, envelopeId: id, content: 'unlock_code', codeHash: 'h', code, addressHash: null }], now)
    expect(await runStore().findByRun(runId)).toMatchObject([{ id, content: 'unlock_code', codeHash: 'h', code }])
    expect(JSON.stringify(await database()('unlock_letters'))).not.toContain(code)
    await runStore().markPosted(runId, '2026-11-25', '2026-12-25')
    const [letter] = await runStore().findByRun(runId)
    expect(letter).toMatchObject({ state: 'posted', postedOn: '2026-11-25', lastDay: '2026-12-25', code: null })
    expect(await database()('unlock_letters').whereNotNull('code')).toEqual([])
  })

  it('wait again when their run is called back, without their code', async () => {
    const id = await request(await account())
    const runId = await run()
    await claim(runId, now, 10)
    await runStore().fill([{ id, envelopeId: id, content: 'unlock_code', codeHash: 'h', code, addressHash: null }], now)
    expect(await runStore().returnFromRun(runId)).toBe(1)
    expect(await runStore().findByRun(runId)).toEqual([])
    const again = await claim(await run(), now, 10)
    expect(again).toMatchObject([{ id, content: null, codeHash: null, code: null }])
  })

  it('are usable to the end of their last day, newest first, older ones too', async () => {
    const accountId = await account()
    const older = await posted(accountId, '2026-12-20', '2026-11-20')
    const newer = await posted(accountId, '2026-12-25')
    await posted(await account())
    const usable = async (day: string) => (await store().findUsable(accountId, day)).map((letter) => letter.id)
    expect(await usable('2026-12-20')).toEqual([newer, older])
    expect(await usable('2026-12-21')).toEqual([newer])
    expect(await usable('2026-12-25')).toEqual([newer])
    expect(await usable('2026-12-26')).toEqual([])
  })

  it('are used up once; the first one used ends the others', async () => {
    const accountId = await account()
    const stranger = await posted(await account())
    const [used, crossing, waiting] = [await posted(accountId), await posted(accountId), await request(accountId)]
    expect(await store().consume(waiting, now)).toBe(false)
    expect(await store().consume(used, now)).toBe(true)
    expect(await store().consume(used, now)).toBe(false)
    await store().endOthers(accountId, used)
    expect(await store().consume(crossing, now)).toBe(false)
    expect(await store().findUsable(accountId, '2026-12-01')).toEqual([])
    expect(await store().findWaiting(accountId)).toBeNull()
    expect(await store().consume(stranger, now)).toBe(true)
    expect(await database()('unlock_letters').whereNotNull('code_hash')).toEqual([])
  })

  it('are reminded of once, between the day given and their last', async () => {
    const accountId = await account()
    const id = await posted(accountId, '2026-12-25')
    await request(accountId)
    const remind = async (day: string, today: string) =>
      (await store().claimReminders(day, today, now, 10)).map((letter) => letter.id)
    expect(await remind('2026-12-24', '2026-12-14')).toEqual([])
    expect(await remind('2027-01-05', '2026-12-26')).toEqual([])
    expect(await remind('2026-12-25', '2026-12-15')).toEqual([id])
    expect(await remind('2026-12-25', '2026-12-15')).toEqual([])
  })

  it('are forgotten when registration and limits are over', async () => {
    const [printed, waiting] = [await account(), await account()]
    const orphan = await posted(printed)
    const kept = await request(await account(), at('2026-10-01'))
    await database()('unlock_letters')
      .where({ id: orphan })
      .update({ printable_from: at('2026-10-01') })
    await request(waiting, at('2026-12-01'))
    await database()('accounts').whereIn('id', [printed, waiting]).delete()
    // One that only waited goes at once, one that was printed counts until its time is over.
    expect(await store().deleteOrphans(at('2026-10-01'))).toBe(1)
    expect(await store().deleteOrphans(at('2026-10-02'))).toBe(1)
    expect(await database()('unlock_letters').pluck('id')).toEqual([kept])
  })

  describe('16 at once', () => {
    it('one uses the code', async () => {
      const id = await posted(await account())
      expect((await sixteenTimes(() => store().consume(id, now))).filter(Boolean)).toHaveLength(1)
    })

    it('parallel runs never share a letter and leave none behind', async () => {
      const accountId = await account()
      for (let n = 0; n < 30; n++) await request(accountId)
      const runs = await sixteenTimes(() => run())
      const claimed = (await Promise.all(runs.map((runId) => claim(runId, now, 30)))).flat()
      expect(claimed).toHaveLength(30)
      expect(new Set(claimed.map((letter) => letter.id)).size).toBe(30)
    })

    it('a letter is reminded of by one job', async () => {
      await posted(await account())
      const claims = await sixteenTimes(() => store().claimReminders('2026-12-25', '2026-12-15', now, 10))
      expect(claims.flat()).toHaveLength(1)
    })
  })
})

describeOnServer('the lock of a number', (database) => {
  it('lets one transaction in after the other', async () => {
    let inside = 0
    let most = 0
    await sixteenTimes(() =>
      database().transaction(async (trx) => {
        await createLetterStore(trx, protection).lockNumber(['number'])
        most = Math.max(most, ++inside)
        await trx.raw('select pg_sleep(0.002)')
        inside--
      }),
    )
    expect(most).toBe(1)
  })
})
