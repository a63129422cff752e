import { beforeEach, expect, it } from 'vitest'
import { parseUnlockCode, type UnlockCode } from '../../../src/domain/secrets/unlock-code.ts'
import { createCanaryLetterService } from '../../../src/services/letters/canary-letters.ts'
import { createPrintRunService } from '../../../src/services/letters/print-runs.ts'
import { erika } from '../../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { describeOnDatabase, sixteenTimes } from '../../support/stores/databases.ts'

const canary = {
  enabled: true,
  name: 'Poststelle Anmeldung',
  address: { street: 'Musterstraße 1', postalCode: '80000', city: 'München' },
  alertAfterDays: 6,
}

describeOnDatabase('the canary letter', (database) => {
  let world: ServiceWorld
  let runs: ReturnType<typeof createPrintRunService>
  let service: ReturnType<typeof createCanaryLetterService>
  beforeEach(async () => {
    world = createServiceWorld(database())
    await world.empty()
    await world.importPersons(erika)
    const desk = world.createDesk()
    runs = createPrintRunService({ ...desk, rules: { ...desk.rules, canary } })
    service = createCanaryLetterService({ ...desk, rules: canary })
  })

  const codeOf = (): UnlockCode => {
    const letter = world.shop.printed.flat().find(({ recipient }) => recipient.name === canary.name)
    const parsed = parseUnlockCode(letter?.kind === 'unlock_code' ? (letter.codes[0]?.code ?? '') : '')
    if (!parsed.ok) throw new Error('no canary was printed')
    return parsed.value
  }
  async function prepared(): Promise<string> {
    await world.activated()
    return (await runs.prepare('2026-11-24')) ?? ''
  }
  async function posted(): Promise<string> {
    const runId = await prepared()
    await runs.release(runId)
    expect(await runs.post(runId)).toBe('posted')
    return runId
  }

  it('goes with a run, looks like every letter in it, and is nobody’s', async () => {
    await prepared()
    const [ofMember, ofOperator, ...others] = world.shop.printed.flat()
    expect(others).toEqual([])
    expect(Object.keys(ofOperator ?? {}).sort()).toEqual(Object.keys(ofMember ?? {}).sort())
    expect(ofOperator).toMatchObject({ kind: 'unlock_code', recipient: { name: canary.name, city: 'München' } })
    expect(await database()('unlock_letters').count('* as n').first()).toMatchObject({ n: expect.anything() })
    expect(Number((await database()('unlock_letters').count('* as n').first())?.n)).toBe(1)
    expect(Number((await database()('accounts').count('* as n').first())?.n)).toBe(1)
  })

  it('is not there when the run prints nothing, nor after it is cancelled', async () => {
    await world.activated({ insuranceNumber: 'X999999995' })
    await runs.prepare('2026-11-24')
    expect(world.shop.printed.flat()).toEqual([])
    const runId = await prepared()
    await runs.cancel(runId, 'test')
    expect(await database()('canary_letters')).toEqual([])
  })

  it('is not left behind by a run that is called back while its last page is drawn', async () => {
    await world.activated()
    const desk = world.createDesk()
    const racing = createPrintRunService({
      ...desk,
      rules: { ...desk.rules, canary },
      async drawRun(batches) {
        for await (const _ of batches)
          for (const { id } of await runs.list(['collecting'])) expect(await runs.cancel(id, 'operator')).toBe(true)
      },
    })
    await racing.prepare('2026-11-24')
    expect(await runs.list(['cancelled'])).toHaveLength(1)
    expect(await database()('canary_letters')).toEqual([])
  })

  it('keeps its code while its run is drawn again after a process died', async () => {
    await world.activated()
    const desk = world.createDesk()
    const dying = createPrintRunService({
      ...desk,
      rules: { ...desk.rules, canary },
      drawRun: async (batches) => {
        for await (const _ of batches);
        throw new Error('process died')
      },
    })
    await expect(dying.prepare('2026-11-24')).rejects.toThrow('process died')
    const stored = (await database()('canary_letters').first()).code_hash
    expect(await runs.jobs.resume()).toBe(1)
    expect((await database()('canary_letters').first()).code_hash).toBe(stored)
    const [run] = await runs.list(['prepared'])
    await runs.release(run?.id ?? '')
    await runs.post(run?.id ?? '')
    expect(await service.enter(codeOf(), 'cli:k.weber')).toEqual({ runId: run?.id, days: 0 })
  })

  it('is entered once, by its code only, and then nobody is told', async () => {
    const runId = await posted()
    expect((await database()('canary_letters').first()).code).toBeNull()
    world.clock.set('2026-11-27T09:00:00Z')
    const code = codeOf()
    expect(await service.enter('AAAAAAAAAAAA' as UnlockCode, 'cli:k.weber')).toBeNull()
    expect(await service.enter(code, 'cli:k.weber')).toEqual({ runId, days: 3 })
    expect(await service.enter(code, 'cli:k.weber')).toBeNull()
    expect(await world.events('canary_letter_entered')).toEqual([{ runId, days: 3 }])
    world.clock.set('2026-12-20T09:00:00Z')
    expect(await service.watch()).toBe(0)
    expect(world.alerts).toEqual([])
    expect(await service.list()).toMatchObject([{ runId, postedOn: '2026-11-24' }])
  })

  it('that does not arrive is told once', async () => {
    const runId = await posted()
    world.clock.set('2026-11-30T09:00:00Z')
    expect(await service.watch()).toBe(0)
    world.clock.set('2026-12-01T09:00:00Z')
    const told = await sixteenTimes(() => service.watch())
    expect(told.reduce((sum, count) => sum + count)).toBe(1)
    expect(await service.watch()).toBe(0)
    const detail = { run: runId, postedOn: '2026-11-24' }
    expect(world.alerts).toEqual([{ kind: 'canary_letter_missing', detail }])
    expect(await service.enter(codeOf(), 'cli:k.weber')).toEqual({ runId, days: 7 })
  })
})
