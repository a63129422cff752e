import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { createPrintFileStore } from '../../../src/stores/letters/print-files.ts'
import { createPrintHandOverStore } from '../../../src/stores/letters/print-hand-overs.ts'
import { createPrintRunStore } from '../../../src/stores/letters/print-runs.ts'
import { describeOnBoth, sixteenTimes } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const at = (hour: number, minute = 0) => new Date(Date.UTC(2026, 10, 25, hour, minute))
const cutOff = at(13)
const print = {
  files: [{ name: 'run.pdf', bytes: 8, sha256: 'abc' }],
  letterCount: 3,
  sheetCount: 4,
  kinds: { unlock_code: 2, account_exists: 1 },
}
const system = { by: 'system', reason: 'operator', now: at(11) }
const releaseAs = (by: string, now = at(10)) => ({ by, person: by.slice(by.indexOf(':') + 1), now })
const boss = releaseAs('cli:boss')

describeOnBoth('print runs', (database) => {
  const store = () => createPrintRunStore(database())
  const handOvers = () => createPrintHandOverStore(database())

  async function closed(by = 'system'): Promise<string> {
    const id = randomUUID()
    await store().createClosed(id, cutOff, { postingDay: '2026-11-26', by, now: at(9) })
    return id
  }

  async function prepared(by = 'system', now = at(9)): Promise<string> {
    const id = await closed(by)
    const worker = randomUUID()
    expect(await store().take(id, worker, { now, until: at(12) })).toBe(true)
    expect(await store().prepared(id, worker, print, now)).toBe(true)
    return id
  }

  async function handedOver(): Promise<string> {
    const id = await prepared()
    await store().release(id, boss)
    await handOver(id, at(10))
    return id
  }

  async function handOver(id: string, now: Date): Promise<void> {
    const holder = randomUUID()
    expect(await handOvers().take(id, holder, { now, until: new Date(now.getTime() + 60_000) })).toBe(true)
    expect(await handOvers().succeeded(id, holder, now)).toBe(true)
  }

  beforeEach(async () => {
    await database()('print_runs').delete()
  })

  it('collect one at a time, and on to the next cut-off when nothing came', async () => {
    const [first, second] = [randomUUID(), randomUUID()]
    expect([await store().open(first, cutOff), await store().open(second, cutOff)]).toEqual([true, false])
    expect(await store().findCollecting()).toMatchObject({ id: first, state: 'collecting', collectsUntil: cutOff })
    expect([await store().defer(first, cutOff, at(14)), await store().defer(first, cutOff, at(14))]).toEqual([
      true,
      false,
    ])
    const closing = { postingDay: '2026-11-26', by: 'system', now: at(14) }
    expect([await store().close(first, at(14), closing), await store().close(first, at(14), closing)]).toEqual([
      true,
      false,
    ])
    expect(await store().findCollecting()).toBeNull()
    expect(await store().open(second, at(15))).toBe(true)
    expect(await store().cancel(second, system)).toBe(false)
  })

  it('go from prepared to posted in order, each step once', async () => {
    const id = await prepared()
    expect(await store().find(id)).toMatchObject({ state: 'prepared', postingDay: '2026-11-26', ...print })
    expect(await store().post(id, 'system', at(10))).toBe(false)
    expect([await store().release(id, boss), await store().release(id, boss)]).toEqual([true, false])
    expect(await store().post(id, 'system', at(10))).toBe(false)
    await handOver(id, at(10))
    expect([await store().post(id, 'system', at(11)), await store().post(id, 'system', at(11))]).toEqual([true, false])
    expect(await store().cancel(id, system)).toBe(false)
    expect(await store().find(id)).toMatchObject({ state: 'posted', releasedBy: 'cli:boss', withdrawal: 'posted' })
    expect(await handOvers().withdrawn(id, at(11))).toBe(true)
    expect(await handOvers().toWithdraw(at(12))).toEqual([])
  })

  it('are never released by who prepared them, whichever way in he takes', async () => {
    const id = await prepared('cli:k.weber')
    for (const by of ['cli:k.weber', 'staff:k.weber']) expect(await store().release(id, releaseAs(by)), by).toBe(false)
    expect(await store().release(id, releaseAs('staff:boss'))).toBe(true)
    expect(await store().release(await prepared('system'), releaseAs('cli:k.weber'))).toBe(true)
    expect(await store().release(await prepared('cli:k.weber'), { by: 'system', person: null, now: at(10) })).toBe(true)
  })

  it('can be called back until they are posted, once; what lies at the shop has to go', async () => {
    const [unready, fresh, released] = [await closed(), await prepared(), await handedOver()]
    for (const id of [unready, fresh, released]) expect(await store().cancel(id, system)).toBe(true)
    expect(await store().cancel(fresh, system)).toBe(false)
    expect(await store().release(fresh, boss)).toBe(false)
    expect(await store().post(released, 'system', at(12))).toBe(false)
    expect((await handOvers().toWithdraw(at(12))).map((run) => run.id)).toEqual([released])
  })

  it('belong to one worker, until he shows no life', async () => {
    const id = await closed()
    const [first, second] = [randomUUID(), randomUUID()]
    const take = (worker: string, now: Date) =>
      store().take(id, worker, { now, until: new Date(now.getTime() + 60_000) })
    expect([await take(first, at(9)), await take(second, at(9))]).toEqual([true, false])
    expect(await store().abandoned(at(9))).toEqual([])
    expect(await store().abandoned(at(9, 1))).toMatchObject([{ id }])
    expect(await take(second, at(9, 1))).toBe(true)
    expect([await store().renew(id, first, at(10)), await store().holdForWork(id, first)]).toEqual([false, false])
    expect(await store().prepared(id, first, print, at(9, 2))).toBe(false)
    expect(await store().prepared(id, second, print, at(9, 2))).toBe(true)
  })

  it('are handed over again when their next try is due', async () => {
    const id = await prepared()
    await store().release(id, boss)
    expect(await handOvers().due(at(10))).toMatchObject([{ id, deliverAttempts: 0 }])
    const holder = randomUUID()
    await handOvers().take(id, holder, { now: at(10), until: at(10, 2) })
    expect(await handOvers().failed(id, holder, at(11))).toBe(true)
    expect(await handOvers().due(at(10, 59))).toEqual([])
    expect(await handOvers().due(at(11))).toMatchObject([{ id, deliverAttempts: 1 }])
    await handOver(id, at(11))
    expect(await handOvers().due(at(12))).toEqual([])
    expect(await handOvers().take(id, holder, { now: at(12), until: at(13) })).toBe(false)
  })

  it('are handed over by one process, and one that stalled beyond its time changes nothing', async () => {
    const id = await prepared()
    await store().release(id, boss)
    const [stalled, next] = [randomUUID(), randomUUID()]
    const take = (holder: string, now: Date) =>
      handOvers().take(id, holder, { now, until: new Date(now.getTime() + 60_000) })
    expect([await take(stalled, at(10)), await take(next, at(10))]).toEqual([true, false])
    expect(await take(next, at(10, 1))).toBe(true)
    expect([
      await handOvers().renew(id, stalled, at(12)),
      await handOvers().failed(id, stalled, at(12)),
      await handOvers().free(id, stalled),
      await handOvers().succeeded(id, stalled, at(10, 1)),
    ]).toEqual([false, false, false, false])
    expect(await store().find(id)).toMatchObject({ handedOverAt: null, deliverAttempts: 0 })
    expect(await handOvers().renew(id, next, at(12))).toBe(true)
    expect(await handOvers().succeeded(id, next, at(10, 2))).toBe(true)
  })

  it('called back during their hand-over are withdrawn until nobody can bring another file', async () => {
    const id = await prepared()
    await store().release(id, boss)
    const holder = randomUUID()
    await handOvers().take(id, holder, { now: at(10), until: at(10, 2) })
    await store().cancel(id, system)
    expect([await handOvers().renew(id, holder, at(12)), await handOvers().succeeded(id, holder, at(10, 1))]).toEqual([
      false,
      false,
    ])
    expect(await handOvers().withdrawn(id, at(10, 1))).toBe(false)
    expect(await handOvers().toWithdraw(at(12))).toMatchObject([{ id, withdrawal: 'cancelled' }])
    expect(await handOvers().withdrawn(id, at(10, 2))).toBe(true)
    expect(await handOvers().toWithdraw(at(12))).toEqual([])
  })

  it('are listed by state, the collecting one first, then the newest', async () => {
    const [older, newer] = [await prepared('system', at(9)), await prepared('system', at(11))]
    const collecting = randomUUID()
    await store().open(collecting, cutOff)
    const ids = async (...states: Parameters<ReturnType<typeof store>['list']>[0]) =>
      (await store().list(states)).map((run) => run.id)
    expect(await ids('collecting', 'prepared')).toEqual([collecting, newer, older])
    expect(await ids('posted')).toEqual([])
  })

  it('are taken, released, posted or called back by one of 16 at once', async () => {
    const one = async (work: (n: number) => Promise<boolean>) =>
      expect((await sixteenTimes(work)).filter(Boolean)).toHaveLength(1)
    await one(() => store().open(randomUUID(), cutOff))
    const fresh = await closed()
    await one(() => store().take(fresh, randomUUID(), { now: at(9), until: at(10) }))
    const ready = await prepared()
    await one((n) => store().release(ready, releaseAs(`cli:person${n}`)))
    const id = await handedOver()
    await one((n) => (n % 2 ? store().post(id, 'system', at(11)) : store().cancel(id, system)))
  })

  describe('their files', () => {
    const protection = createProtection()
    const files = () => createPrintFileStore(database(), protection)
    const collect = async (chunks: AsyncIterable<Uint8Array>) => {
      let text = ''
      for await (const chunk of chunks) text += Buffer.from(chunk).toString()
      return text
    }

    it('lie in encrypted chunks, each bound to its place, until the run is over', async () => {
      const [runId, worker] = [await closed(), randomUUID()]
      const place = { runId, worker, name: 'run.pdf' }
      for (const [index, part] of ['%PDF Erika ', 'Mustermann'].entries())
        await files().append(place, index, Buffer.from(part))
      expect(await collect(files().read(place))).toBe('%PDF Erika Mustermann')
      const [row] = await database()('print_run_chunks').orderBy('index')
      expect(row.sealed.toString('latin1')).not.toContain('Erika')
      await database()('print_run_chunks').where({ index: 1 }).update({ sealed: row.sealed })
      await expect(collect(files().read(place))).rejects.toThrow()
      await files().destroyOfEndedRuns()
      expect(await database()('print_run_chunks')).toHaveLength(2)
      await store().cancel(runId, system)
      await files().destroyOfEndedRuns()
      expect(await database()('print_run_chunks')).toEqual([])
    })

    it('of another worker can be destroyed alone', async () => {
      const [runId, mine, other] = [await closed(), randomUUID(), randomUUID()]
      for (const worker of [mine, other]) await files().append({ runId, worker, name: 'a' }, 0, Buffer.from(worker))
      await files().destroy(runId, mine)
      expect(await collect(files().read({ runId, worker: mine, name: 'a' }))).toBe(mine)
      await files().discard(runId, mine)
      expect(await database()('print_run_chunks')).toEqual([])
    })
  })
})
