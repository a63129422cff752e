import { beforeEach, expect, it } from 'vitest'
import { parseUnlockCode } from '../../../src/domain/secrets/unlock-code.ts'
import { erika } from '../../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { describeOnDatabase } from '../../support/stores/databases.ts'

const today = '2026-11-24'
const lastDay = '2026-12-24'

describeOnDatabase('print run', (database) => {
  let world: ServiceWorld

  beforeEach(async () => {
    world = createServiceWorld(database())
    await world.empty()
    await world.importPersons(erika)
  })

  async function prepare(day = today): Promise<string> {
    const runId = await world.printRuns.prepare(day)
    if (!runId) throw new Error('a run was expected')
    return runId
  }

  async function post(): Promise<string> {
    const runId = await prepare()
    expect(await world.printRuns.release(runId)).toBe('released')
    expect(await world.printRuns.post(runId)).toBe('posted')
    return runId
  }

  it('is not made when no letter waits', async () => {
    expect(await world.printRuns.prepare(today)).toBeNull()
    expect(await world.printRuns.list(['prepared'])).toEqual([])
  })

  it('brings the code to the person of the register and to nobody else', async () => {
    const { id } = await world.activated({ mobile: '+4915112345670' })
    await post()
    const [job] = world.shop.jobs
    expect(job).toMatchObject({ postingDay: today, letters: [{ kind: 'unlock_code', date: today, lastDay }] })
    const letter = job?.letters[0]
    expect(letter?.recipient).toMatchObject({ name: 'Erika Mustermann', street: 'Ahornweg 12', postalCode: '80993' })
    const registration = { registeredOn: today, maskedMobile: expect.not.stringContaining('12345') }
    expect(letter).toMatchObject({ codes: [registration] })
    const code = parseUnlockCode(letter?.kind === 'unlock_code' ? (letter.codes[0]?.code ?? '') : '')
    const [usable] = await world.stores.letters.findUsable(id, today)
    expect(usable).toMatchObject({ content: 'unlock_code', code: null, lastDay })
    expect(
      code.ok && world.protection.hash.matches(code.value, `unlock_code:${usable?.id}`, usable?.codeHash ?? ''),
    ).toBe(true)
  })

  it('tells every activated registration of the day the same, whether the number is known or not', async () => {
    const known = await world.activated({ email: 'known@example.org' })
    const unknown = await world.activated({ email: 'unknown@example.org', insuranceNumber: 'X999999995' })
    await post()
    expect(world.shop.jobs[0]?.letters).toHaveLength(1)
    const mails = await world.mails()
    expect(mails.map((mail) => mail.to).sort()).toEqual(['known@example.org', 'unknown@example.org'])
    const [one, other] = mails.map(({ template, language, params }) => ({ template, language, params }))
    expect(one).toEqual(other)
    expect(one).toMatchObject({ template: 'letterPosted', params: { postedOn: today, lastDay } })
    const states = [await world.account(known.id), await world.account(unknown.id)].map(({ state, codeLastDay }) => [
      state,
      codeLastDay,
    ])
    expect(states).toEqual([
      ['letter_posted', lastDay],
      ['letter_posted', lastDay],
    ])
  })

  it.each([
    ['with guardian', { guardianConsentRequired: true }],
    ['deceased', { deceasedOn: '2026-11-01' }],
    ['no longer covered', { coverageTo: '2026-11-23' }],
    ['under age', { birthDate: '2011-11-25' }],
    ['of another insurer', { insurerNumber: '999999999' }],
  ])('holds no letter for a person %s', async (_, change) => {
    await world.importPersons({ ...erika, ...change })
    const { id } = await world.activated()
    await post()
    expect(world.shop.jobs).toEqual([])
    const [letter] = await world.stores.letters.findUsable(id, today)
    expect(letter).toMatchObject({ content: 'none', codeHash: expect.any(String) })
  })

  it('answers the number of an active account with a letter that says so, and tells its holder', async () => {
    const holder = await world.activated({ email: 'holder@example.org' })
    await post()
    await world.stores.accounts.makeActive(holder.id, { question: 'q', answerHash: 'h' }, world.clock.now())
    world.clock.set('2026-11-26T09:00:00Z')
    await world.activated({ email: 'second@example.org' })
    const runId = await prepare('2026-11-26')
    await world.printRuns.release(runId)
    expect(await world.printRuns.post(runId)).toBe('posted')
    expect(world.shop.jobs[1]?.letters).toMatchObject([
      { kind: 'account_exists', recipient: { name: 'Erika Mustermann' } },
    ])
    const mails = (await world.mails()).filter((mail) => mail.template === 'registrationAttempt')
    expect(mails).toMatchObject([{ to: 'holder@example.org', params: { day: '2026-11-26' } }])
    expect(await world.events('registration_attempt_on_existing_account')).toHaveLength(1)
  })

  it('destroys plain codes and PDF when it is posted', async () => {
    await world.activated()
    const runId = await post()
    expect(await database()('unlock_letters').whereNotNull('code')).toEqual([])
    expect(await database()('print_run_chunks')).toEqual([])
    expect(await world.stores.printRuns.find(runId)).toMatchObject({ state: 'posted' })
  })

  it('is cancelled when its day has slipped, and its letters are prepared anew with other codes and dates', async () => {
    await world.activated()
    const runId = await prepare()
    await world.printRuns.release(runId)
    world.clock.set('2026-11-25T09:00:00Z')
    expect(await world.printRuns.post(runId)).toBe('slipped')
    expect(await world.stores.printRuns.find(runId)).toMatchObject({ state: 'cancelled' })
    expect(await database()('print_run_chunks')).toEqual([])
    expect(await database()('unlock_letters').whereNotNull('code').orWhereNotNull('code_hash')).toEqual([])
    expect(await world.mails()).toEqual([])
    expect(await world.events('print_run_cancelled')).toMatchObject([{ reason: 'posting_day_passed', count: 1 }])
    const next = await prepare('2026-11-25')
    await world.printRuns.release(next)
    expect(await world.printRuns.post(next)).toBe('posted')
    const [before, after] = world.shop.jobs.map((job) => job.letters[0])
    expect(after).toMatchObject({ id: before?.id, date: '2026-11-25', lastDay: '2026-12-25' })
    const codesOf = (letter: typeof before) =>
      letter?.kind === 'unlock_code' ? letter.codes.map(({ code }) => code) : []
    expect(codesOf(after)).toHaveLength(1)
    expect(codesOf(after)).not.toEqual(codesOf(before))
  })

  it('is not posted before its day, nor before it is released, nor twice', async () => {
    await world.activated()
    const runId = await prepare('2026-11-25')
    expect(await world.printRuns.post(runId)).toBe('refused')
    await world.printRuns.release(runId)
    expect(await world.printRuns.post(runId)).toBe('too_early')
    world.clock.set('2026-11-25T09:00:00Z')
    expect(await world.printRuns.post(runId)).toBe('posted')
    expect(await world.printRuns.post(runId)).toBe('refused')
    expect(await world.mails()).toHaveLength(1)
  })

  it('is taken up again when the process died before its PDF was made', async () => {
    await world.activated()
    world.shop.fault = 'pdf'
    await expect(world.printRuns.prepare(today)).rejects.toThrow('process died')
    world.shop.fault = null
    const [run] = await world.printRuns.list(['collecting'])
    expect(run).toMatchObject({ files: null })
    expect(await world.printRuns.release(run?.id ?? '')).toBe('refused')
    expect(await world.printRuns.jobs.resume()).toBe(1)
    expect(await world.printRuns.release(run?.id ?? '')).toBe('released')
    expect(world.shop.jobs[0]?.letters).toHaveLength(1)
    expect(await world.events('print_run_released')).toMatchObject([{ count: 1 }])
  })

  it('is handed over again when the print shop was away at its release', async () => {
    await world.activated()
    const runId = await prepare()
    world.shop.fault = 'delivery'
    expect(await world.printRuns.release(runId)).toBe('not_handed_over')
    expect(await world.printRuns.post(runId)).toBe('refused')
    world.shop.fault = null
    expect(await world.printRuns.release(runId)).toBe('released')
    expect(world.shop.jobs).toHaveLength(1)
    expect(await world.events('print_run_released')).toHaveLength(1)
  })

  it('skips letters of accounts that were deleted', async () => {
    const [gone, kept] = [await world.activated(), await world.activated({ insuranceNumber: 'X999999995' })]
    await world.importPersons({ ...erika, insuranceNumber: 'X999999995', givenName: 'Petra' })
    await database()('accounts').where({ id: gone.id }).delete()
    await post()
    expect(world.shop.jobs[0]?.letters).toMatchObject([{ recipient: { name: 'Petra Mustermann' } }])
    expect(await world.account(kept.id)).toMatchObject({ state: 'letter_posted' })
  })

  it('skips the mail to an account that was deleted while its run was with the print shop', async () => {
    const { id } = await world.activated()
    const runId = await prepare()
    await world.printRuns.release(runId)
    await database()('accounts').where({ id }).delete()
    expect(await world.printRuns.post(runId)).toBe('posted')
    expect(await world.mails()).toEqual([])
  })

  it('takes a letter only from the time that the limits allow', async () => {
    const account = await world.activated()
    await post()
    await world.transaction((unit) => world.letters.request(unit, account, 'unlock_code', { now: world.clock.now() }))
    expect(await world.printRuns.prepare(today)).toBeNull()
    world.clock.set('2026-11-25T09:00:00Z')
    expect(await world.printRuns.prepare('2026-11-25')).not.toBeNull()
  })
})
