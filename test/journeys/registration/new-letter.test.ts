import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import type { Deps } from '../../../src/journeys/deps.ts'
import { newLetterStep } from '../../../src/journeys/sign-in/new-letter.ts'
import type { Account } from '../../../src/stores/accounts/accounts.ts'
import { erika } from '../../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { describeOnDatabase } from '../../support/stores/databases.ts'

describeOnDatabase('a new letter, asked for in two browsers', (database) => {
  let world: ServiceWorld
  let account: Account
  beforeEach(async () => {
    world = createServiceWorld(database())
    await world.empty()
    await world.importPersons(erika)
    account = await world.activated()
    await database()('unlock_letters').delete()
    await database()('accounts')
      .where({ id: account.id })
      .update({ state: 'letter_posted', code_last_day: '2026-11-20' })
  })

  /** The form is judged now; what it does comes with the answer, later. */
  async function ask() {
    const deps = { ...world, mails: { send: async () => {} } } as unknown as Deps
    const state = { step: 'newLetter', accountId: account.id, browserKnown: false, proofs: {} } as const
    const request = { journeyId: randomUUID(), address: '127.0.0.1', browser: 'browser', language: 'de' }
    const submission = await newLetterStep.submit?.({}, state, deps, request)
    if (!submission || !('outcome' in submission) || !submission.effects) throw new Error('nothing is asked for')
    const { effects } = submission
    return () => world.transaction(effects)
  }
  const letters = async () => await database()('unlock_letters').select('purpose', 'state')

  it('is one letter', async () => {
    const both = [await ask(), await ask()]
    await Promise.all(both.map((act) => act()))
    expect(await letters()).toEqual([{ purpose: 'unlock_code', state: 'requested' }])
  })

  it('is none when the first sign-in comes between', async () => {
    const act = await ask()
    await world.makeActive(account.id)
    expect(await act()).toEqual({ invalid: {} })
    expect(await letters()).toEqual([])
  })
})
