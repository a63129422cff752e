import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { PrintReceipt } from '../../../src/gateways/letters/letter-delivery.ts'
import { createPrintRunService } from '../../../src/services/letters/print-runs.ts'
import { erika } from '../../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { describeOnDatabase, describeOnServer, sixteenTimes } from '../../support/stores/databases.ts'

/** Tuesday; the cut-off is at 13:00 UTC, the run is posted on the 25th, a receipt may come until the 26th. */
const morning = '2026-11-24T09:00:00Z'
const cutOff = '2026-11-24T13:00:00Z'

describeOnDatabase('the print desk', (database) => {
  let world: ServiceWorld
  let desk: ReturnType<typeof createPrintRunService>
  const numbers = ['A123456780', 'X999999995', 'B204581379']

  beforeEach(async () => {
    world = createServiceWorld(database(), morning)
    await world.empty()
    await world.importPersons(...numbers.map((insuranceNumber) => ({ ...erika, insuranceNumber })))
    desk = createPrintRunService(world.createDesk({ fourEyes: true }))
    await desk.jobs.prepareDue()
  })

  const only = async () => {
    const [run, ...others] = await desk.list(['prepared', 'released', 'posted', 'cancelled'])
    expect(others).toEqual([])
    if (!run) throw new Error('a run was expected')
    return run
  }
  const state = async () => (await only()).state
  const kinds = () => world.alerts.map(({ kind }) => kind)

  /** A run of one letter that the schedule has prepared and somebody has released. */
  async function withShop(): Promise<string> {
    await world.activated()
    world.clock.set(cutOff)
    await desk.jobs.prepareDue()
    const { id } = await only()
    expect(await desk.release(id, 'cli:boss')).toBe('released')
    return id
  }

  /** Lays down what the print shop says about a run, and follows it. */
  async function receive(changes: Partial<PrintReceipt> = {}): Promise<void> {
    const run = await only()
    const counts = { letters: run.letterCount, sheets: run.sheetCount }
    const sha256 = run.files?.[0]?.sha256 ?? ''
    const receipt = { runId: run.id, state: 'posted' as const, postedOn: '2026-11-25', counts, sha256, ...changes }
    world.shop.receipts.push({ name: `${randomUUID()}.json`, receipt })
    await desk.jobs.settle()
  }

  describe('at the cut-off', () => {
    it('prepares what was asked for until then; the rest goes with the next run', async () => {
      await world.activated({ insuranceNumber: numbers[0] })
      world.clock.set('2026-11-24T12:59:59Z')
      expect(await desk.jobs.prepareDue()).toBe(0)
      world.clock.set('2026-11-24T13:00:30Z')
      await world.activated({ insuranceNumber: numbers[1] })
      expect(await desk.jobs.prepareDue()).toBe(1)
      expect(await only()).toMatchObject({
        state: 'prepared',
        postingDay: '2026-11-25',
        letterCount: 1,
        preparedBy: 'system',
      })
      world.clock.set('2026-11-25T13:00:00Z')
      expect(await desk.jobs.prepareDue()).toBe(1)
      expect((await desk.list(['prepared'])).map((run) => run.postingDay)).toEqual(['2026-11-26', '2026-11-25'])
    })

    it('goes on collecting when nothing waits', async () => {
      world.clock.set(cutOff)
      expect(await desk.jobs.prepareDue()).toBe(0)
      expect(await desk.list(['collecting'])).toMatchObject([{ collectsUntil: new Date('2026-11-25T13:00:00Z') }])
      expect(await desk.list(['prepared', 'cancelled'])).toEqual([])
    })

    it('is caught up after an outage, with the letters of then and a posting day of now', async () => {
      await world.activated({ insuranceNumber: numbers[0] })
      world.clock.set('2026-11-27T18:00:00Z')
      await world.activated({ insuranceNumber: numbers[1] })
      expect(await desk.jobs.prepareDue()).toBe(1)
      expect(await only()).toMatchObject({ letterCount: 1, postingDay: '2026-11-30' })
      expect(await desk.countWaiting()).toBe(1)
    })

    it('makes as many runs as their size asks for', async () => {
      for (const insuranceNumber of numbers) await world.activated({ insuranceNumber })
      world.clock.set(cutOff)
      const small = world.createDesk()
      const runs = createPrintRunService({ ...small, rules: { ...small.rules, runSize: 2 } })
      expect(await runs.jobs.prepareDue()).toBe(2)
      expect((await desk.list(['prepared'])).map((run) => run.letterCount).sort()).toEqual([1, 2])
    })
  })

  describe('four eyes', () => {
    it('let nobody release what he prepared himself, nor the schedule release anything', async () => {
      await world.activated()
      const runId = (await desk.prepare('2026-11-25', 'cli:k.weber')) ?? ''
      expect(await desk.release(runId, 'cli:k.weber')).toBe('same_person')
      expect(await desk.release(runId, 'staff:k.weber')).toBe('same_person')
      expect(await desk.release(runId, 'system')).toBe('same_person')
      expect(world.shop.jobs).toEqual([])
      expect(await desk.release(runId, 'cli:boss')).toBe('released')
      const actors = await database()('audit_events')
        .whereIn('type', ['print_run_prepared', 'print_run_released'])
        .orderBy('id')
      expect(actors.map(({ actor }) => actor)).toEqual(['cli:k.weber', 'cli:boss'])
    })

    it('let nobody release under another name with the account or token that prepared', async () => {
      await world.activated()
      const runId = (await desk.prepare('2026-11-25', 'cli:k.weber (os:node)')) ?? ''
      const releases = Array.from({ length: 16 }, (_, n) => desk.release(runId, `cli:other.${n} (os:node)`))
      expect(new Set(await Promise.all(releases))).toEqual(new Set(['same_account']))
      expect(await desk.release(runId, 'cli:k.weber (os:other)')).toBe('same_person')
      expect(await desk.release(runId, 'cli:k.weber (token:k.weber)')).toBe('same_person')
      expect(world.shop.jobs).toEqual([])
      expect(await desk.release(runId, 'cli:boss (os:boss)')).toBe('released')
    })

    it('are satisfied by one person for a run of the schedule', async () => {
      await withShop()
      expect(world.shop.jobs).toHaveLength(1)
    })
  })

  describe('hands over', () => {
    it('PDF, CSV and JSON, whose counts and digests are right, without personal data', async () => {
      const id = await withShop()
      const [job] = world.shop.jobs
      expect(job?.files.map(({ name }) => name)).toEqual([`${id}.pdf`, `${id}.csv`, `${id}.json`])
      const [pdf, csv, json] = (job?.files ?? []).map(({ text }) => text)
      const manifest = JSON.parse(json ?? '')
      expect(manifest).toMatchObject({
        runId: id,
        postingDay: '2026-11-25',
        counts: { letters: 1, sheets: 1, kinds: { unlock_code: 1 } },
        letters: [{ sequence: 1, kind: 'unlock_code', sheets: 1 }],
      })
      expect(manifest.pdf).toEqual({ name: `${id}.pdf`, bytes: pdf?.length, sha256: job?.files[0]?.sha256 })
      expect(csv).toBe(`sequence;id;kind;sheets\r\n1;${manifest.letters[0].id};unlock_code;1\r\n`)
      expect(`${csv}${json}`).not.toMatch(/Mustermann|A123456780|Ahornweg/)
    })

    it('again after a while when the shop is away, and tells operators after some tries', async () => {
      world.shop.fault = 'delivery'
      await world.activated()
      world.clock.set(cutOff)
      await desk.jobs.prepareDue()
      const { id } = await only()
      expect(await desk.release(id, 'cli:boss')).toBe('not_handed_over')
      expect(await desk.jobs.handOver()).toBe(0)
      for (const minutes of [1, 2, 4]) {
        world.clock.forward(minutes * 60)
        await desk.jobs.handOver()
      }
      expect(world.alerts[0]).toEqual({
        kind: 'print_run_not_handed_over',
        detail: { run: id, fault: 'Error ECONNREFUSED' },
      })
      expect(kinds()).toHaveLength(2)
      world.shop.fault = null
      world.clock.forward(8 * 60)
      expect(await desk.jobs.handOver()).toBe(1)
      expect(world.shop.jobs).toHaveLength(1)
    })

    it('nothing that was called back meanwhile: it is withdrawn again', async () => {
      await world.activated()
      const runId = (await desk.prepare('2026-11-25', 'system')) ?? ''
      const given = world.createDesk()
      const racing = createPrintRunService({
        ...given,
        delivery: { ...given.delivery, deliver: async () => void (await desk.cancel(runId, 'operator', 'cli:boss')) },
      })
      expect(await racing.release(runId, 'cli:boss')).toBe('not_handed_over')
      expect(world.shop.withdrawn).toEqual([`${runId} cancelled`, `${runId} cancelled`])
      await desk.jobs.settle()
      await desk.jobs.settle()
      expect(world.shop.withdrawn).toHaveLength(3)
    })

    it('nothing that was called back by a process that died with its last file: it is withdrawn after its time', async () => {
      await world.activated()
      const runId = (await desk.prepare('2026-11-25', 'system')) ?? ''
      const given = world.createDesk()
      const dying = createPrintRunService({
        ...given,
        delivery: {
          ...given.delivery,
          deliver: async () => void (await desk.cancel(runId, 'operator', 'cli:boss')),
          withdraw: () => Promise.reject(new Error('process died')),
        },
      })
      expect(await dying.release(runId, 'cli:boss')).toBe('not_handed_over')
      world.clock.forward(121)
      await desk.jobs.settle()
      await desk.jobs.settle()
      expect(world.shop.withdrawn).toEqual(Array(2).fill(`${runId} cancelled`))
    })

    it('nothing more that the shop is not told: a state of the run, an alert, and no other run waits for it', async () => {
      const called: string[] = []
      for (const posting of ['2026-11-25', '2026-11-26']) {
        await world.activated()
        const runId = (await desk.prepare(posting, 'system')) ?? ''
        await desk.release(runId, 'cli:boss')
        called.push(runId)
      }
      const [stuck = '', next = ''] = called
      const given = world.createDesk()
      const refusing = createPrintRunService({
        ...given,
        delivery: {
          ...given.delivery,
          async withdraw(runId, why) {
            if (runId === stuck)
              throw Object.assign(new Error('permission denied'), { name: 'SftpFault', code: 'EACCES' })
            await given.delivery.withdraw(runId, why)
          },
        },
      })
      expect(await refusing.cancel(stuck, 'operator', 'cli:boss')).toBe(true)
      expect(world.alerts.filter(({ kind }) => kind === 'print_run_not_withdrawn')).toMatchObject([
        { detail: { run: stuck, state: 'cancelled', fault: 'SftpFault EACCES' } },
      ])
      const left = { id: stuck, state: 'cancelled', withdrawal: 'cancelled', withdrawalFault: 'SftpFault EACCES' }
      expect(await refusing.notWithdrawn()).toMatchObject([left])
      expect(await refusing.cancel(next, 'operator', 'cli:boss')).toBe(true)
      expect(world.shop.withdrawn).toEqual([`${next} cancelled`])
      // Tried again later and later, until it goes through.
      await refusing.jobs.settle()
      expect(await refusing.notWithdrawn()).toMatchObject([{ withdrawAttempts: 1 }])
      world.clock.forward(61)
      await refusing.jobs.settle()
      expect(await refusing.notWithdrawn()).toMatchObject([{ withdrawAttempts: 2 }])
      world.clock.forward(121)
      await desk.jobs.settle()
      expect(await desk.notWithdrawn()).toEqual([])
      expect(world.shop.withdrawn).toEqual([`${next} cancelled`, `${stuck} cancelled`])
      await desk.jobs.settle()
      expect(world.shop.withdrawn).toHaveLength(2)
    })

    it('receipts one by one: one that cannot be moved away holds up no other', async () => {
      const given = world.createDesk()
      const names = ['0', '1', '2'].map((n) => `${n}b8c5a3e-90af-4d11-8f00-c0ffee123456.receipt.json`)
      world.shop.receipts = names.map((name) => ({ name, receipt: null }))
      const refusing = createPrintRunService({
        ...given,
        delivery: {
          ...given.delivery,
          async settle(name, outcome) {
            if (name === names[0]) throw Object.assign(new Error('no'), { name: 'SftpFault', code: 'EACCES' })
            await given.delivery.settle(name, outcome)
          },
        },
      })
      await expect(refusing.jobs.settle()).rejects.toMatchObject({ errors: [{ code: 'EACCES' }] })
      expect(world.shop.settled).toEqual(['refused', 'refused'])
      expect(world.alerts.filter(({ kind }) => kind === 'print_receipt_not_settled')).toMatchObject([
        { detail: { receipt: names[0], fault: 'SftpFault EACCES' } },
      ])
    })

    it('once, though another process read the run before it was handed over', async () => {
      await world.activated()
      const runId = (await desk.prepare('2026-11-25', 'system')) ?? ''
      const given = world.createDesk()
      const slow = createPrintRunService({
        ...given,
        stores: {
          ...given.stores,
          printHandOvers: {
            ...given.stores.printHandOvers,
            async due(now) {
              const runs = await given.stores.printHandOvers.due(now)
              await desk.jobs.handOver()
              return runs
            },
          },
        },
      })
      world.shop.fault = 'delivery'
      await desk.release(runId, 'cli:boss')
      world.shop.fault = null
      world.clock.forward(60)
      expect(await slow.jobs.handOver()).toBe(0)
      expect(world.shop.jobs).toHaveLength(1)
    })

    it('no further file of a run that was called back meanwhile', async () => {
      await world.activated()
      const runId = (await desk.prepare('2026-11-25', 'system')) ?? ''
      const given = world.createDesk()
      const read: string[] = []
      const racing = createPrintRunService({
        ...given,
        delivery: {
          ...given.delivery,
          async deliver({ files }) {
            for (const file of files) {
              for await (const _ of file.open()) read.push(file.name)
              await desk.cancel(runId, 'operator', 'cli:boss')
            }
          },
        },
      })
      expect(await racing.release(runId, 'cli:boss')).toBe('not_handed_over')
      expect(read).toEqual([`${runId}.pdf`])
    })
  })

  describe('a receipt', () => {
    it('of the next morning that names the planned day posts the run', async () => {
      const id = await withShop()
      world.clock.set('2026-11-26T08:00:00Z')
      await receive()
      expect(await only()).toMatchObject({ id, state: 'posted' })
      expect(await world.mails()).toMatchObject([{ template: 'letterPosted', params: { postedOn: '2026-11-25' } }])
      expect(world.shop.settled).toEqual(['followed'])
      expect(world.shop.withdrawn).toEqual([`${id} posted`])
      expect(kinds()).toEqual([])
    })

    it('of a day before the planned one waits for it', async () => {
      await withShop()
      await receive({ postedOn: '2026-11-24' })
      expect([await state(), world.shop.settled, await world.mails()]).toEqual(['released', [], []])
      world.clock.set('2026-11-25T08:00:00Z')
      await desk.jobs.settle()
      expect([await state(), world.shop.settled]).toEqual(['posted', ['followed']])
    })

    it('of a later day cancels the run and tells operators', async () => {
      await withShop()
      world.clock.set('2026-11-26T08:00:00Z')
      await receive({ postedOn: '2026-11-26' })
      expect([await state(), world.shop.settled, kinds()]).toEqual([
        'cancelled',
        ['refused'],
        ['print_receipt_refused'],
      ])
      expect(await world.mails()).toEqual([])
    })

    it.each([
      ['another digest', { sha256: 'f'.repeat(64) }, 'differs'],
      ['another count of letters', { counts: { letters: 2, sheets: 1 } }, 'differs'],
      ['another count of sheets', { counts: { letters: 1, sheets: 2 } }, 'differs'],
      ['a run that nobody knows', { runId: randomUUID() }, 'unknown_run'],
    ])('with %s posts nothing and tells operators', async (_, changes, reason) => {
      await withShop()
      world.clock.set('2026-11-25T08:00:00Z')
      await receive(changes)
      expect([await state(), world.shop.settled]).toEqual(['released', ['refused']])
      expect(world.alerts).toMatchObject([{ kind: 'print_receipt_refused', detail: { reason } }])
    })

    it('that comes before the hand-over is noted waits for it', async () => {
      await world.activated()
      const runId = (await desk.prepare('2026-11-25', 'system')) ?? ''
      const given = world.createDesk()
      const quick = createPrintRunService({
        ...given,
        delivery: {
          ...given.delivery,
          async deliver(job) {
            await given.delivery.deliver(job)
            await receive({ state: 'rejected', postedOn: undefined })
          },
        },
      })
      expect(await quick.release(runId, 'cli:boss')).toBe('released')
      expect([await state(), world.shop.settled, kinds()]).toEqual(['released', [], []])
      await desk.jobs.settle()
      expect([await state(), world.shop.settled, kinds()]).toEqual(['cancelled', ['followed'], ['print_run_rejected']])
    })

    it('for a run that is never handed over is refused when the run is called back', async () => {
      world.shop.fault = 'delivery'
      await world.activated()
      const runId = (await desk.prepare('2026-11-25', 'system')) ?? ''
      expect(await desk.release(runId, 'cli:boss')).toBe('not_handed_over')
      await receive({ state: 'rejected', postedOn: undefined })
      expect([await state(), world.shop.settled]).toEqual(['released', []])
      world.clock.set('2026-11-26T08:00:00Z')
      await desk.jobs.settle()
      await desk.jobs.settle()
      expect([await state(), world.shop.settled]).toEqual(['cancelled', ['refused']])
    })

    it('that cannot be read is refused', async () => {
      world.shop.receipts.push({ name: 'x.receipt.json', receipt: null })
      await desk.jobs.settle()
      expect(world.alerts).toMatchObject([{ detail: { receipt: 'x.receipt.json', reason: 'unreadable' } }])
    })

    it('accepted is noted, rejected cancels the run, the same one again changes nothing', async () => {
      await withShop()
      await receive({ state: 'accepted', postedOn: undefined })
      expect(await database()('print_runs').whereNotNull('accepted_at')).toHaveLength(1)
      world.clock.set('2026-11-25T08:00:00Z')
      await receive()
      await receive()
      expect([await state(), (await world.mails()).length, kinds()]).toEqual(['posted', 1, []])
    })

    it('rejected cancels the run, and its letters go with the next', async () => {
      await withShop()
      await receive({ state: 'rejected', postedOn: undefined })
      expect([await state(), kinds()]).toEqual(['cancelled', ['print_run_rejected']])
      expect(await desk.countWaiting()).toBe(1)
    })
  })

  describe('a run that slips', () => {
    it('is cancelled when no receipt came within the grace, and prepared anew', async () => {
      await withShop()
      world.clock.set('2026-11-26T22:00:00Z')
      await desk.jobs.settle()
      expect(await state()).toBe('released')
      world.clock.set('2026-11-26T23:30:00Z')
      await desk.jobs.settle()
      expect([await state(), kinds()]).toEqual(['cancelled', ['print_run_slipped']])
      world.clock.set('2026-11-27T13:00:00Z')
      expect(await desk.jobs.prepareDue()).toBe(1)
      expect(await desk.list(['prepared'])).toMatchObject([{ letterCount: 1, postingDay: '2026-11-30' }])
    })

    it('is cancelled when nobody released it on its day, after operators were told', async () => {
      await world.activated()
      world.clock.set(cutOff)
      await desk.jobs.prepareDue()
      world.clock.set('2026-11-25T08:00:00Z')
      await desk.jobs.settle()
      expect([await state(), kinds()]).toEqual(['prepared', ['print_run_not_released']])
      world.clock.set('2026-11-26T08:00:00Z')
      await desk.jobs.settle()
      expect(await state()).toBe('cancelled')
    })
  })

  describe('a run without printed letters', () => {
    /** A registration that matches nobody, in a run that is prepared at `at` and released. */
    async function unmatched(at: string): Promise<string> {
      await desk.jobs.prepareDue()
      await world.activated({ insuranceNumber: 'C771029455' })
      world.clock.set(at)
      await desk.jobs.prepareDue()
      const [run] = await desk.list(['prepared'])
      expect(await desk.release(run?.id ?? '', 'cli:boss')).toBe('released')
      return run?.id ?? ''
    }
    const stateAt = async (id: string, at: string) => {
      world.clock.set(at)
      await desk.jobs.settle()
      return (await desk.list(['released', 'posted', 'cancelled'])).find((run) => run.id === id)?.state
    }

    it('is posted by itself, with nothing to go by shortly after the cut-off of its day', async () => {
      const id = await unmatched(cutOff)
      expect(world.shop.jobs).toEqual([])
      expect(await stateAt(id, '2026-11-25T12:59:00Z')).toBe('released')
      expect(await stateAt(id, '2026-11-25T13:15:00Z')).toBe('posted')
      expect(await world.mails()).toMatchObject([{ template: 'letterPosted', params: { postedOn: '2026-11-25' } }])
    })

    it('tells its members when those of runs with letters are told', async () => {
      await withShop()
      world.clock.set('2026-11-26T08:20:00Z')
      await receive()
      const id = await unmatched('2026-11-26T13:00:00Z')
      expect(await stateAt(id, '2026-11-27T23:00:00Z')).toBe('released')
      expect(await stateAt(id, '2026-11-30T08:19:00Z')).toBe('released')
      expect(await stateAt(id, '2026-11-30T08:35:00Z')).toBe('posted')
    })

    it('slips like any other when nobody looked in time', async () => {
      const id = await unmatched(cutOff)
      expect([await stateAt(id, '2026-11-27T08:00:00Z'), kinds()]).toEqual(['cancelled', ['print_run_slipped']])
      expect(await desk.countWaiting()).toBe(1)
    })
  })

  it('goes on while the print shop is away, and says so', async () => {
    await world.activated()
    await desk.prepare('2026-11-25', 'cli:k.weber')
    world.clock.set('2026-11-26T08:00:00Z')
    const given = world.createDesk()
    const receipts = () => Promise.reject(new Error('print shop is away'))
    const alone = createPrintRunService({ ...given, delivery: { ...given.delivery, receipts } })
    await expect(alone.jobs.settle()).rejects.toMatchObject({ errors: [{ message: 'print shop is away' }] })
    expect(await state()).toBe('cancelled')
  })

  it('tells whom a process that died after posting has not told, once', async () => {
    await withShop()
    world.clock.set('2026-11-25T08:00:00Z')
    const given = world.createDesk()
    const dying = createPrintRunService({
      ...given,
      mails: { ...given.mails, send: () => Promise.reject(new Error('process died')) },
    })
    const { id } = await only()
    await expect(dying.post(id, 'cli:boss')).rejects.toThrow('process died')
    expect([await state(), await world.mails()]).toEqual(['posted', []])
    await desk.jobs.settle()
    await desk.jobs.settle()
    expect(await world.mails()).toHaveLength(1)
  })

  describe('a reprint', () => {
    it('stops the damaged letter and sends another with a code of its own, which the limits count', async () => {
      const account = await world.activated()
      world.clock.set(cutOff)
      await desk.jobs.prepareDue()
      const [letter] = await database()('unlock_letters')
      const now = world.clock.now()
      const reprint = (id: string) =>
        world.transaction((unit) => world.letters.reprint(unit, id, { actor: 'cli:k.weber', now }))
      expect(await reprint(letter.id)).toEqual({ letterDay: '2026-11-25' })
      expect(await reprint(letter.id)).toBe('not_printed')
      expect(await reprint(randomUUID())).toBe('not_printed')
      const [stopped, next] = await database()('unlock_letters')
        .where({ account_id: account.id })
        .orderBy('requested_at')
      expect(stopped).toMatchObject({ id: letter.id, state: 'ended', code: null, code_hash: null })
      expect(next).toMatchObject({ state: 'requested', printable_from: new Date('2026-11-25T13:00:00Z') })
      expect(await world.events('letter_reprinted')).toEqual([{ letterId: letter.id }])
    })

    it('also mends a letter that a cancelled run has left behind, whose code goes', async () => {
      await world.activated()
      await desk.prepare('2026-11-25')
      await database()('print_runs').where({ state: 'prepared' }).update({ state: 'cancelled' })
      const [letter] = await database()('unlock_letters').whereNotNull('code')
      const now = world.clock.now()
      await world.transaction((unit) => world.letters.reprint(unit, letter.id, { actor: 'cli:k.weber', now }))
      expect(await world.stores.letters.find(letter.id)).toMatchObject({ state: 'ended', code: null })
      expect(await database()('unlock_letters').where({ state: 'requested' })).toHaveLength(1)
    })
  })
})

describeOnServer('16 processes at once', (database) => {
  it('prepare, release and post a run once, and tell everybody once', async () => {
    const world = createServiceWorld(database(), morning)
    const { jobs, release, post, list } = world.printRuns
    await jobs.prepareDue()
    await world.importPersons(erika)
    await world.activated()
    await world.activated({ insuranceNumber: 'X999999995' })
    world.clock.set(cutOff)
    await sixteenTimes(() => jobs.prepareDue())
    const runs = await list(['prepared'])
    expect(runs).toHaveLength(1)
    const runId = runs[0]?.id ?? ''
    expect(world.shop.printed.flat()).toHaveLength(1)
    await sixteenTimes((n) => release(runId, `cli:person${n}`))
    expect(await world.events('print_run_released')).toHaveLength(1)
    expect(world.shop.jobs).toHaveLength(1)
    world.clock.set('2026-11-25T08:00:00Z')
    const posted = await sixteenTimes(() => post(runId, 'cli:boss'))
    expect(posted.filter((outcome) => outcome === 'posted')).toHaveLength(1)
    expect(await world.mails()).toHaveLength(2)
  })
})
