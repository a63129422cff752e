import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import { createPrintRunStore } from '../../src/stores/print-runs.ts'
import { describeOnBoth, sixteenTimes } from '../support/databases.ts'
import { createProtection } from '../support/protection.ts'

const protection = createProtection()
const at = (hour: number) => new Date(Date.UTC(2026, 10, 25, hour))
const pdf = new TextEncoder().encode('%PDF-1.7 Erika Mustermann')

describeOnBoth('print runs', (database) => {
  const store = () => createPrintRunStore(database(), protection)

  async function prepared(hour = 9): Promise<string> {
    const id = randomUUID()
    await store().create(id, '2026-11-25', at(hour))
    return id
  }

  beforeEach(async () => {
    await database()('print_runs').delete()
  })

  it('go from prepared to posted in order, each step once', async () => {
    const id = await prepared()
    expect(await store().find(id)).toEqual({
      id,
      state: 'prepared',
      postingDay: '2026-11-25',
      letterCount: 0,
      pdf: null,
    })
    expect(await store().post(id, at(10))).toBe(false)
    expect([await store().release(id, at(10)), await store().release(id, at(10))]).toEqual([true, false])
    expect(await store().post(id, at(10))).toBe(false)
    await store().markHandedOver(id, at(10))
    expect([await store().post(id, at(11)), await store().post(id, at(11))]).toEqual([true, false])
    expect(await store().cancel(id, at(12))).toBe(false)
    expect(await store().find(id)).toMatchObject({ state: 'posted' })
    expect(await store().find(randomUUID())).toBeNull()
  })

  it('can be called back until they are posted, once', async () => {
    const [fresh, released] = [await prepared(), await prepared()]
    await store().release(released, at(10))
    expect(await store().cancel(fresh, at(11))).toBe(true)
    expect(await store().cancel(released, at(11))).toBe(true)
    expect(await store().cancel(fresh, at(11))).toBe(false)
    expect(await store().release(fresh, at(12))).toBe(false)
    expect(await store().post(released, at(12))).toBe(false)
  })

  it('keep their PDF encrypted, until posted or called back', async () => {
    const [posted, cancelled] = [await prepared(), await prepared()]
    for (const id of [posted, cancelled]) await store().setPrint(id, pdf, 3)
    const run = await store().find(posted)
    expect(run).toMatchObject({ letterCount: 3 })
    expect(new Uint8Array(run?.pdf ?? [])).toEqual(pdf)
    expect(JSON.stringify(await database()('print_runs'))).not.toContain(Buffer.from(pdf).toString('base64'))
    await store().release(posted, at(10))
    await store().markHandedOver(posted, at(10))
    await store().post(posted, at(11))
    await store().cancel(cancelled, at(11))
    expect(await database()('print_runs').whereNotNull('pdf')).toEqual([])
  })

  it('take a new PDF only while prepared', async () => {
    const id = await prepared()
    await store().release(id, at(10))
    await store().setPrint(id, pdf, 3)
    expect(await store().find(id)).toMatchObject({ pdf: null, letterCount: 0 })
  })

  it('are listed by state, newest first', async () => {
    const [older, newer, released] = [await prepared(9), await prepared(11), await prepared(10)]
    await store().release(released, at(12))
    const list = async (...states: Parameters<ReturnType<typeof store>['list']>[0]) =>
      (await store().list(states)).map((run) => run.id)
    expect(await list('prepared')).toEqual([newer, older])
    expect(await list('prepared', 'released')).toEqual([newer, released, older])
    expect(await list('posted')).toEqual([])
  })

  it('are posted or called back by one of 16 at once', async () => {
    const id = await prepared()
    await store().release(id, at(10))
    await store().markHandedOver(id, at(10))
    const results = await sixteenTimes((n) => (n % 2 ? store().post(id, at(11)) : store().cancel(id, at(11))))
    expect(results.filter(Boolean)).toHaveLength(1)
  })
})
