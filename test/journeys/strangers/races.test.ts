import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import { activate } from '../../../src/journeys/activation/activation.ts'
import { confirmBrowser } from '../../../src/journeys/activation/browser-link.ts'
import type { Deps } from '../../../src/journeys/deps.ts'
import { advance } from '../../../src/journeys/journey.ts'
import { signInJourney } from '../../../src/journeys/sign-in/journey.ts'
import type { SignInState } from '../../../src/journeys/sign-in/state.ts'
import { newAccount } from '../../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { describeOnServer, sixteenTimes } from '../../support/stores/databases.ts'

const token = 'x'.repeat(43)
const today = '2026-11-24'
const input = { securityQuestion: 'first_pet', securityAnswer: 'Minka die Katze' }

describeOnServer('journeys, 16 requests at once', (database) => {
  let world: ServiceWorld
  let deps: Deps

  beforeEach(async () => {
    world = createServiceWorld(database())
    await world.empty()
    await database()('journeys').delete()
    deps = {
      ...world,
      hasher: { hash: async (secret: string) => `hash of ${secret}` },
      mails: {
        send: (
          unit: Parameters<Deps['mails']['send']>[0],
          _to: unknown,
          template: string,
          _params: object,
          now: Date,
        ) => unit.send({ kind: 'email', payload: { template } }, now),
      },
      securityQuestions: [{ id: 'first_pet', de: 'Wie hieß Ihr erstes Haustier?', en: '', offered: true }],
    } as unknown as Deps
  })

  const proofs = { password: 1, letter: 2, sms: 3 }

  /** A journey that has passed password, code and mTAN of an account whose letter is in the post. */
  async function beforeLastStep(accountId: string, letterId: string) {
    const state: SignInState = { step: 'securityQuestion', accountId, browserKnown: false, proofs, letterId }
    const id = randomUUID()
    await world.stores.journeys.begin({ id, kind: 'sign-in', state, expiresAt: new Date('2026-12-01T00:00:00Z') })
    return { id, version: 0, state: state as SignInState }
  }

  const finish = (position: Awaited<ReturnType<typeof beforeLastStep>>) =>
    advance(signInJourney, position, input, deps, {
      journeyId: position.id,
      address: '',
      browser: position.id,
      language: 'de',
    })

  async function posted(count: number): Promise<{ accountId: string; letterId: string }[]> {
    const accounts: string[] = []
    for (let n = 0; n < count; n++) accounts.push((await world.activated()).id)
    // The limits spread the letters of one number over days; here they cross in the post.
    await database()('unlock_letters').update({ printable_from: world.clock.now() })
    const runId = (await world.printRuns.prepare(today)) ?? ''
    await world.printRuns.release(runId)
    await world.printRuns.post(runId)
    return await Promise.all(
      accounts.map(async (accountId) => ({
        accountId,
        letterId: (await world.stores.letters.findUsable(accountId, today))[0]?.id ?? '',
      })),
    )
  }

  it('activate a registration once and ask for one letter', async () => {
    const account = newAccount({ registeredAt: world.clock.now() })
    await world.stores.accounts.create(account)
    await world.stores.activationLinks.issue(token, account.id, '2026-12-22')
    const results = await sixteenTimes(() => activate(token, deps))
    expect(results.map((result) => result.state).sort()).toEqual(['activated', ...Array(15).fill('used')])
    expect(await database()('unlock_letters')).toHaveLength(1)
    expect(await world.events('registration_activated')).toHaveLength(1)
  })

  it('make a browser known once by one link', async () => {
    const { id } = await world.activated()
    await world.stores.browsers.issueLink(token, id, new Date('2026-11-24T10:00:00Z'))
    const results = await sixteenTimes((n) => confirmBrowser(token, `browser ${n}`, deps))
    expect(results.filter(Boolean)).toHaveLength(1)
    expect(await database()('known_browsers')).toHaveLength(1)
  })

  it('finish one first sign-in when a form is sent 16 times', async () => {
    const [letter] = await posted(1)
    const position = await beforeLastStep(letter?.accountId ?? '', letter?.letterId ?? '')
    const results = await sixteenTimes(() => finish(position))
    expect(results.map((result) => result.kind).sort()).toEqual(['moved', ...Array(15).fill('overtaken')].sort())
    expect(await world.events('account_activated')).toHaveLength(1)
  })

  it('finish one first sign-in when 16 browsers have come to its last step', async () => {
    const [letter] = await posted(1)
    const positions = await sixteenTimes(() => beforeLastStep(letter?.accountId ?? '', letter?.letterId ?? ''))
    const results = await Promise.all(positions.map(finish))
    expect(results.filter((result) => result.kind === 'moved')).toHaveLength(1)
    const lost = { kind: 'invalid', errors: { securityAnswer: 'code_used' } }
    expect(results.filter((result) => result.kind !== 'moved')).toEqual(Array(15).fill(expect.objectContaining(lost)))
    expect(await world.events('account_activated')).toHaveLength(1)
    expect(await database()('journeys').where({ version: 1 })).toHaveLength(1)
    expect(await world.mails()).toHaveLength(2)
  })

  it('make one of 16 registrations of a number active and delete the others', async () => {
    const letters = await posted(16)
    const positions = await Promise.all(letters.map(({ accountId, letterId }) => beforeLastStep(accountId, letterId)))
    const results = await Promise.all(positions.map(finish))
    expect(results.filter((result) => result.kind === 'moved')).toHaveLength(1)
    expect(await database()('accounts').pluck('state')).toEqual(['active'])
    expect(await world.events('registration_deleted')).toHaveLength(15)
  })
})
