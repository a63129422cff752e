import { beforeEach, describe, expect, it } from 'vitest'
import { addDays, berlinDay } from '../../../src/domain/calendar.ts'
import { unlockCodeBinding } from '../../../src/domain/secrets/unlock-code.ts'
import type { LetterContent } from '../../../src/gateways/letters/letter-pdf.ts'
import { createPrintRunService } from '../../../src/services/letters/print-runs.ts'
import { createReturnedMailService } from '../../../src/services/letters/returned-mail.ts'
import type { Account } from '../../../src/stores/accounts/accounts.ts'
import { erika } from '../../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { describeOnDatabase, describeOnServer, sixteenTimes } from '../../support/stores/databases.ts'

const actor = 'cli:k.weber'

/** Mobile numbers that nobody else has; their last two digits stay visible. */
const mobileOf = (n: number) => `+49151${String(10_000_000 + n * 101).padStart(8, '0')}`

/** Prints and posts what waits; answers the envelopes. */
async function postRun({ printRuns, clock, shop }: ServiceWorld) {
  const runId = await printRuns.prepare(berlinDay(clock.now()))
  if (!runId) return []
  await printRuns.release(runId)
  expect(await printRuns.post(runId)).toBe('posted')
  return shop.jobs.findLast((job) => job.runId === runId)?.envelopes ?? []
}

const codesOf = (letters: readonly LetterContent[] = []) =>
  letters.flatMap((letter) => (letter.kind === 'unlock_code' ? letter.codes : []))

/** Tells whether one of the codes opens the registration. */
async function opens(world: ServiceWorld, account: Account, letters: readonly LetterContent[] = []): Promise<boolean> {
  const usable = await world.stores.letters.findUsable(account.id, berlinDay(world.clock.now()))
  const { hash } = world.protection
  return codesOf(letters).some(({ code }) =>
    usable.some(({ id, codeHash }) => hash.matches(code.replaceAll('-', ''), unlockCodeBinding(id), codeHash ?? '')),
  )
}

describeOnDatabase('envelopes', (database) => {
  let world: ServiceWorld
  beforeEach(async () => {
    world = createServiceWorld(database())
    await world.empty()
    await world.importPersons(erika)
  })
  const nextDay = () => world.clock.forward(24 * 60 * 60)

  it('hold the member’s code on her first print day, though a stranger has registered her number for months', async () => {
    for (let n = 0; n < 40; n++) {
      await world.activated({ mobile: mobileOf(n) })
      expect(await postRun(world), `day ${n}`).toHaveLength(1)
      nextDay()
    }
    const member = await world.activated()
    await world.activated({ mobile: mobileOf(99) })
    const [envelope, ...others] = await postRun(world)
    expect(others).toEqual([])
    expect(codesOf(envelope?.letters)).toHaveLength(2)
    expect(await opens(world, member, envelope?.letters)).toBe(true)
    expect((await world.account(member.id)).codeLastDay).toBe(addDays(berlinDay(world.clock.now()), 30))
  })

  it('hold a code for each registration that waits, each for itself only', async () => {
    const registrations: Account[] = []
    for (let n = 0; n < 3; n++) {
      registrations.push(await world.activated({ mobile: mobileOf(n) }))
      world.clock.forward(1)
    }
    const [envelope, ...others] = await postRun(world)
    expect(others).toEqual([])
    const codes = codesOf(envelope?.letters)
    expect(codes.map(({ maskedMobile }) => maskedMobile.slice(-2))).toEqual(['00', '01', '02'])
    const { hash } = world.protection
    const fitting: number[] = []
    for (const { id } of registrations) {
      const [letter] = await world.stores.letters.findUsable(id, '2026-11-24')
      fitting.push(
        codes.findIndex(({ code }) =>
          hash.matches(code.replaceAll('-', ''), unlockCodeBinding(letter?.id ?? ''), letter?.codeHash ?? ''),
        ),
      )
    }
    expect(fitting).toEqual([0, 1, 2])
  })

  it('are no book: of 140 registrations from one phone a few, and the member’s is among them', async () => {
    for (let n = 0; n < 70; n++) await world.activated({ mobile: mobileOf(1) })
    const member = await world.activated()
    for (let n = 0; n < 70; n++) await world.activated({ mobile: mobileOf(1) })
    const [envelope] = await postRun(world)
    expect(codesOf(envelope?.letters)).toHaveLength(12)
    expect(await opens(world, member, envelope?.letters)).toBe(true)
    // Those without a code live like all others.
    expect(await database()('accounts').distinct('state', 'code_last_day')).toHaveLength(1)
  })

  it('hold all codes of 50 strangers and the member', async () => {
    for (let n = 0; n < 50; n++) await world.activated({ mobile: mobileOf(n) })
    const member = await world.activated()
    const [envelope, ...others] = await postRun(world)
    expect([codesOf(envelope?.letters).length, others]).toEqual([51, []])
    expect(await opens(world, member, envelope?.letters)).toBe(true)
  })

  it('tell operators when a number gets more of them than one registration may have', async () => {
    for (let n = 0; n < 5; n++) {
      await world.activated({ mobile: mobileOf(n) })
      await world.activated({ insuranceNumber: 'X999999995' })
      const [envelope] = await postRun(world)
      if (n < 4) expect(world.alerts).toEqual([])
      else expect(world.alerts).toEqual([{ kind: 'many_letters', detail: { letter: envelope?.id, count: 5 } }])
      nextDay()
    }
  })

  it('bring a new code, too, though strangers had envelopes every day', async () => {
    const member = await world.activated()
    await postRun(world)
    for (let n = 0; n < 5; n++) {
      nextDay()
      await world.activated({ mobile: mobileOf(n) })
      await postRun(world)
    }
    const now = world.clock.now()
    expect(await world.letters.allowedAt(world.stores, await world.account(member.id), now)).toEqual(now)
    await world.transaction((unit) => world.letters.request(unit, member, 'unlock_code', { now }))
    const [envelope] = await postRun(world)
    expect(codesOf(envelope?.letters)).toHaveLength(1)
    expect(await opens(world, member, envelope?.letters)).toBe(true)
  })

  it('share their number’s fate when a run is cancelled or slips: all wait again, and go together', async () => {
    const accounts = [await world.activated(), await world.activated({ mobile: mobileOf(1) })]
    const runId = (await world.printRuns.prepare('2026-11-24')) ?? ''
    await world.printRuns.cancel(runId, 'operator', actor)
    expect(await database()('unlock_letters').whereNotNull('envelope_id')).toEqual([])
    const next = (await world.printRuns.prepare('2026-11-24')) ?? ''
    await world.printRuns.release(next)
    nextDay()
    expect(await world.printRuns.post(next)).toBe('slipped')
    const [envelope, ...others] = await postRun(world)
    expect(others).toEqual([])
    for (const account of accounts) expect(await opens(world, account, envelope?.letters)).toBe(true)
  })

  it('lose the codes of registrations that are gone before they are drawn', async () => {
    const gone = await world.activated()
    const kept = await world.activated({ mobile: mobileOf(1) })
    world.shop.fault = 'pdf'
    await expect(world.printRuns.prepare('2026-11-24')).rejects.toThrow('process died')
    world.shop.fault = null
    const before = (await world.stores.letters.findWaiting(kept.id))?.envelopeId
    await database()('accounts').where({ id: gone.id }).delete()
    await world.printRuns.jobs.resume()
    const [run] = await world.printRuns.list(['prepared'])
    await world.printRuns.release(run?.id ?? '')
    const [envelope] = world.shop.jobs[0]?.envelopes ?? []
    expect(envelope?.id).toBe(before)
    expect(codesOf(envelope?.letters)).toMatchObject([{ maskedMobile: expect.stringMatching(/01$/) }])
  })

  describe('that an import meets between filling and drawing', () => {
    /** Fills a run, dies before it is drawn, lets the import happen, and goes on. */
    async function drawAfter(changes: Partial<typeof erika>) {
      world.shop.fault = 'pdf'
      await expect(world.printRuns.prepare('2026-11-24')).rejects.toThrow('process died')
      world.shop.fault = null
      await world.importPersons({ ...erika, ...changes })
      await world.printRuns.jobs.resume()
      const [run] = await world.printRuns.list(['prepared'])
      await world.printRuns.release(run?.id ?? '')
      expect(await world.printRuns.post(run?.id ?? '')).toBe('posted')
      return world.shop.jobs[0]?.envelopes ?? []
    }

    it.each([
      ['death', { deceasedOn: '2026-11-23' }],
      ['a guardian with reservation of consent', { guardianConsentRequired: true }],
      ['the end of coverage', { coverageTo: '2026-11-23' }],
      ['another insurer', { insurerNumber: '101575519' }],
    ])('are not drawn after %s; what shows outside stays as it was', async (_, changes) => {
      const account = await world.activated()
      const stranger = await world.activated({ mobile: mobileOf(1), insuranceNumber: 'X999999995' })
      expect(await drawAfter(changes)).toEqual([])
      const [own, other] = [await world.account(account.id), await world.account(stranger.id)]
      expect([own.state, own.codeLastDay]).toEqual([other.state, other.codeLastDay])
      expect(own.codeLastDay).not.toBeNull()
      expect(await database()('unlock_letters').whereNotNull('code')).toEqual([])
    })

    it('come back from the address that is on them', async () => {
      await world.activated()
      await world.activated({ mobile: mobileOf(1) })
      const address = { ...erika.address, street: 'Lindenallee 3' }
      const [envelope] = await drawAfter({ address })
      expect(envelope?.letters[0]).toMatchObject({ recipient: { street: 'Lindenallee 3' } })
      const id = envelope?.id ?? ''
      const service = createReturnedMailService(world.createDesk())
      expect(await service.take({ first: id, last: id }, actor)).toMatchObject({ result: 'blocked' })
    })
  })

  it('count for one reprint: all their codes are stopped, and one envelope follows', async () => {
    const accounts = [await world.activated(), await world.activated({ mobile: mobileOf(1) })]
    const [envelope] = await postRun(world)
    nextDay()
    const reprint = () =>
      world.transaction((unit) => world.letters.reprint(unit, envelope?.id ?? '', { actor, now: world.clock.now() }))
    expect(await reprint()).toEqual({ letterDay: '2026-11-25' })
    expect(await reprint()).toBe('not_printed')
    for (const account of accounts) expect(await opens(world, account, envelope?.letters)).toBe(false)
    const [next, ...others] = await postRun(world)
    expect([codesOf(next?.letters).length, others]).toEqual([2, []])
    for (const account of accounts) expect(await opens(world, account, next?.letters)).toBe(true)
  })

  it('come back as one: no code of theirs opens anything, the address is blocked once', async () => {
    const accounts = [await world.activated(), await world.activated({ mobile: mobileOf(1) })]
    const [envelope] = await postRun(world)
    const service = createReturnedMailService(world.createDesk())
    const id = envelope?.id ?? ''
    expect(await service.take({ first: id, last: id }, actor)).toMatchObject({ result: 'blocked', letterId: id })
    for (const account of accounts) {
      expect(await opens(world, account, envelope?.letters)).toBe(false)
      expect(await world.stores.letters.findUsable(account.id, '2026-11-24')).toHaveLength(1)
    }
    expect(await service.list(actor)).toMatchObject([{ letterId: id }])
    expect(world.alerts).toHaveLength(1)
    expect(await service.take({ first: id, last: id }, actor)).toEqual({ result: 'already_returned' })
  })

  it('answer several registrations for an existing account in one letter, and write to its holder once', async () => {
    const holder = await world.activated({ email: 'holder@example.org' })
    await postRun(world)
    await world.makeActive(holder.id)
    for (let n = 0; n < 6; n++) await world.activated({ mobile: mobileOf(n) })
    nextDay()
    const [envelope, ...others] = await postRun(world)
    expect(others).toEqual([])
    expect(envelope?.letters).toMatchObject([{ kind: 'account_exists' }])
    const [letter] = envelope?.letters ?? []
    expect(letter?.kind === 'account_exists' && letter.registrations).toHaveLength(6)
    expect((await world.mails()).filter(({ template }) => template === 'registrationAttempt')).toHaveLength(1)
  })

  it('are whole, in whichever batch and run: none is parted where a run is full', async () => {
    const numbers = ['A123456780', 'X999999995', 'B204581379']
    await world.importPersons(...numbers.map((insuranceNumber) => ({ ...erika, insuranceNumber })))
    for (let n = 0; n < 4; n++)
      for (const insuranceNumber of numbers) await world.activated({ insuranceNumber, mobile: mobileOf(n) })
    const desk = world.createDesk()
    const small = createPrintRunService({ ...desk, rules: { ...desk.rules, runSize: 5 } })
    await small.jobs.prepareDue()
    world.clock.set('2026-11-24T13:00:00Z')
    await small.jobs.prepareDue()
    const rows = await database()('unlock_letters')
    expect(rows.filter((row) => row.state === 'prepared')).toHaveLength(12)
    expect(new Set(rows.map((row) => `${row.insurance_number_hash} ${row.print_run_id} ${row.envelope_id}`)).size).toBe(
      3,
    )
  })
})

describeOnServer('one number, 16 at once', (database) => {
  let world: ServiceWorld
  beforeEach(async () => {
    world = createServiceWorld(database())
    await world.empty()
    await world.importPersons(erika)
  })
  const envelopes = async () =>
    await database()('unlock_letters')
      .whereNotNull('printed_at')
      .groupBy('print_run_id', 'envelope_id')
      .select('print_run_id', 'envelope_id')
      .count('* as letters')

  it('two runs never part the registrations that wait', async () => {
    for (let n = 0; n < 16; n++) await world.activated({ mobile: mobileOf(n) })
    await sixteenTimes(() => world.printRuns.prepare('2026-11-24'))
    expect(await envelopes()).toMatchObject([{ letters: '16' }])
    expect(await world.printRuns.list(['prepared'])).toHaveLength(1)
  })

  describe('while a run is prepared', () => {
    it('each is in its only envelope, or waits for the next run', async () => {
      await world.activated({ mobile: mobileOf(0) })
      const [runId] = await Promise.all([
        world.printRuns.prepare('2026-11-24'),
        sixteenTimes((n) => world.activated({ mobile: mobileOf(n + 1) })),
      ])
      expect(await envelopes()).toHaveLength(1)
      await world.printRuns.release(runId ?? '')
      const first = codesOf(world.shop.jobs[0]?.envelopes[0]?.letters).length
      const later = (await world.printRuns.prepare('2026-11-24')) ?? ''
      if (later) await world.printRuns.release(later)
      const rest = codesOf(world.shop.jobs[1]?.envelopes[0]?.letters).length
      expect(first + rest).toBe(17)
      expect(await envelopes()).toHaveLength(later ? 2 : 1)
    })
  })
})
