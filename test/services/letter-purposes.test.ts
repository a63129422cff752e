import { readFileSync } from 'node:fs'
import { beforeEach, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import type { LetterPurpose, LetterPurposeRules, LetterPurposes } from '../../src/domain/letters/purposes.ts'
import { letterPurposes } from '../../src/domain/letters/purposes.ts'
import { parseUnlockCode, unlockCodeBinding } from '../../src/domain/secrets/unlock-code.ts'
import { createLetterPdf, parseLetterTexts } from '../../src/gateways/letters/letter-pdf.ts'
import { readPages } from '../../src/gateways/letters/pdf/read-pdf.test-support.ts'
import type { Account } from '../../src/stores/accounts/accounts.ts'
import { erika } from '../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../support/services.ts'
import { describeOnDatabase } from '../support/stores/databases.ts'

/** A purpose that the product does not have: a code for an account that is active, as recovery will need it. */
const recovery = 'recovery_code' as LetterPurpose
const row: LetterPurposeRules = {
  contents: { recovery_code: { form: 'codes', path: '/zugang-verloren' } },
  decide: (_rules, { state }, { person }) => (state === 'active' && person ? 'recovery_code' : 'none'),
  ...{ askedBy: 'anybody', limited: true, whenPosted: 'noted', reprint: 'anew' },
}
const purposes: LetterPurposes = { ...letterPurposes, [recovery]: row }

const today = '2026-11-24'
const source = readFileSync(new URL('../../config/letters/de.yaml', import.meta.url), 'utf8')

describeOnDatabase('a further row in the table of letters', (database) => {
  let world: ServiceWorld
  let account: Account
  beforeEach(async () => {
    world = createServiceWorld(database(), `${today}T09:00:00Z`, undefined, purposes)
    await world.empty()
    await world.importPersons(erika)
    account = await world.activated()
    await database()('unlock_letters').delete()
    account = await world.makeActive(account.id)
  })

  const ask = () =>
    world.transaction((unit) => world.letters.request(unit, account, recovery, { now: world.clock.now() }))
  async function post(day = today): Promise<void> {
    const runId = (await world.printRuns.prepare(day)) ?? ''
    await world.printRuns.release(runId)
    expect(await world.printRuns.post(runId)).toBe('posted')
  }
  const usable = (purpose?: LetterPurpose) => world.stores.letters.findUsable(account.id, today, purpose)
  const printedCode = (): string => {
    const letter = world.shop.printed.flat().at(-1)
    const code = parseUnlockCode(letter && 'codes' in letter ? (letter.codes[0]?.code ?? '') : '')
    return code.ok ? code.value : ''
  }

  it('brings a code to an active account, from the request to the post', async () => {
    await ask()
    await post()
    expect(world.shop.printed.flat()).toMatchObject([
      { kind: 'recovery_code', lastDay: '2026-12-24', url: 'https://anmeldung.example.org/zugang-verloren' },
    ])
    const [letter] = await usable(recovery)
    expect(letter).toMatchObject({ purpose: recovery, content: 'recovery_code', code: null, lastDay: '2026-12-24' })
    const binding = unlockCodeBinding(letter?.id ?? '')
    expect(world.protection.hash.matches(printedCode(), binding, letter?.codeHash ?? '')).toBe(true)
    expect((await world.account(account.id)).state).toBe('active')
    expect(await world.mails()).toEqual([])
    expect((await world.events('letter_posted')).map(({ purpose }) => purpose)).toEqual([recovery])
  })

  it('opens no first sign-in: a code is of its purpose only', async () => {
    await ask()
    await post()
    expect(await usable()).toEqual([])
    expect(await usable(recovery)).toHaveLength(1)
    await world.stores.letters.endOthers(account.id, crypto.randomUUID())
    expect(await usable(recovery)).toHaveLength(1)
  })

  it('counts its own limit, and is replaced by one with another code', async () => {
    await ask()
    await post()
    const first = printedCode()
    const [letter] = await usable(recovery)
    const reprint = { actor: 'cli:k.weber', now: world.clock.now() } as const
    const asked = await world.transaction((unit) => world.letters.reprint(unit, letter?.id ?? '', reprint))
    expect(asked).toEqual({ letterDay: '2026-11-25' })
    expect(await usable(recovery)).toEqual([])
    world.clock.set('2026-11-25T09:30:00Z')
    await post('2026-11-25')
    expect(await usable(recovery)).toHaveLength(1)
    expect(printedCode()).not.toBe(first)
    expect(await world.stores.letters.printTimes(account.id, new Date(0))).toEqual([])
    expect(await world.stores.letters.printTimes(account.id, new Date(0), recovery)).toHaveLength(2)
  })

  it('stays empty when the account has ended by then, and nothing outside differs', async () => {
    await ask()
    await database()('accounts').where({ id: account.id }).update({ state: 'ended' })
    await post()
    expect(world.shop.printed.flat()).toEqual([])
    expect(await usable(recovery)).toMatchObject([{ content: 'none', lastDay: '2026-12-24' }])
    expect(await world.events('letter_posted')).toEqual([])
  })

  it('is drawn with its own words, without which the service does not begin', async () => {
    expect(() => parseLetterTexts(source, purposes)).toThrow('recovery_code')
    const { unlock_code, ...others } = parse(source)
    const own = { ...unlock_code, title: 'Ihr Code für den neuen Zugang' }
    const texts = parseLetterTexts(stringify({ ...others, unlock_code, recovery_code: own }), purposes)
    const help = { phone: '0800 2 767676', phoneNote: 'kostenfrei', email: 'info@example.org', branchText: 'vor Ort' }
    const insurer = { name: 'AOK Bayern', shortName: 'AOK Bayern', senderLine: 'AOK Bayern · 80000 München', help }
    await ask()
    await post()
    const [page] = await readPages(await createLetterPdf({ insurer, texts }).render(world.shop.printed.flat()))
    const words = page?.map(({ text }) => text).join(' ')
    expect(words).toContain('Ihr Code für den neuen Zugang')
    expect(words).toMatch(/\b(?:[0-9A-Z]{4}-){2}[0-9A-Z]{4}\b/)
  })
})
