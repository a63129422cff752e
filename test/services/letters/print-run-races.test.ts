import { beforeEach, expect, it } from 'vitest'
import { createRandom } from '../../../src/crypto/random.ts'
import { securityQuestionStep } from '../../../src/journeys/sign-in/security-question.ts'
import { createPrintRunService } from '../../../src/services/letters/print-runs.ts'
import { createMailService } from '../../../src/services/messages/mails.ts'
import { erika } from '../../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../../support/services.ts'
import { holdLock } from '../../support/stores/database.ts'
import { describeOnServer, urlOf } from '../../support/stores/databases.ts'

describeOnServer('a print run that others get in the way of', (database) => {
  let world: ServiceWorld
  beforeEach(async () => {
    world = createServiceWorld(database())
    await world.empty()
    await world.importPersons(erika)
  })

  const hold = async (table: string, mode: 'share' | 'exclusive' | 'access exclusive') =>
    holdLock(await urlOf(database()), `lock table ${table} in ${mode} mode`)

  it('is not cancelled by a worker who was overtaken before his first batch', async () => {
    await world.activated()
    const chunks = await hold('print_run_chunks', 'exclusive')
    const stalled = world.printRuns.prepare('2026-11-25')
    await chunks.awaitWaiting(1)
    world.clock.forward(121)
    const successor = createPrintRunService(world.createDesk()).jobs.resume()
    await chunks.awaitWaiting(2)
    const letters = await hold('unlock_letters', 'share')
    await chunks.release()
    // The successor waits in his first batch; the other one is done, or waits for him.
    await letters.awaitWaiting(1)
    await Promise.race([stalled, new Promise((resolve) => setTimeout(resolve, 500))])
    await letters.release()
    const runId = await stalled
    expect(await successor).toBe(1)
    expect(await world.printRuns.list(['prepared', 'cancelled'])).toMatchObject([
      { id: runId, state: 'prepared', letterCount: 1 },
    ])
    expect(await world.events('print_run_cancelled')).toEqual([])
  })

  /** A member with a letter in hand, and another registration of the same number whose letter waits. */
  async function firstSignIn() {
    const account = await world.activated()
    const runId = (await world.printRuns.prepare('2026-11-25')) ?? ''
    await world.printRuns.release(runId)
    world.clock.set('2026-11-25T15:00:00Z')
    expect(await world.printRuns.post(runId)).toBe('posted')
    world.clock.set('2026-12-03T09:00:00Z')
    const other = await world.activated()
    const [letter] = await world.stores.letters.findUsable(account.id, '2026-12-03')
    const deps = {
      ...{ stores: world.stores, clock: world.clock },
      mails: createMailService({ random: createRandom(), issuer: 'https://x' }),
      hasher: {
        hash: async () => 'hash',
        verify: async () => true,
        isOutdated: () => false,
        load: () => ({ running: 0, waiting: 0, queue: 0 }),
      },
      securityQuestions: [{ id: 'q', de: 'Frage', en: 'question', offered: true }],
    }
    const submission = await securityQuestionStep.submit?.(
      { securityQuestion: 'q', securityAnswer: 'Antwort' },
      {
        step: 'securityQuestion',
        accountId: account.id,
        browserKnown: false,
        proofs: { password: 1, letter: 2, sms: 3 },
        letterId: letter?.id ?? '',
      },
      deps,
      { journeyId: 'j', address: '192.0.2.1', browser: 'd', language: 'de' },
    )
    const effects = submission && 'effects' in submission ? submission.effects : undefined
    if (!effects) throw new Error('the answer was refused')
    return { account, other, signIn: () => world.transaction(effects) }
  }

  it('is filled while a member of one of its numbers signs in for the first time', async () => {
    const { account, other, signIn } = await firstSignIn()
    const persons = await hold('insured_persons', 'access exclusive')
    const run = world.printRuns.prepare('2026-12-04')
    await persons.awaitWaiting(1)
    const member = signIn()
    await persons.awaitWaiting(2)
    await persons.release()
    expect(await member).toBeUndefined()
    expect(await run).not.toBeNull()
    expect(await world.account(account.id)).toMatchObject({ state: 'active' })
    expect(await world.account(other.id)).toBeNull()
  })

  it('leaves out what a first sign-in has ended meanwhile', async () => {
    const { account, signIn } = await firstSignIn()
    const accounts = await hold('accounts', 'exclusive')
    const member = signIn()
    await accounts.awaitWaiting(1)
    const run = world.printRuns.prepare('2026-12-04')
    await accounts.awaitWaiting(2)
    await accounts.release()
    expect(await member).toBeUndefined()
    expect(await run).toBeNull()
    expect(await world.account(account.id)).toMatchObject({ state: 'active' })
    expect(await world.printRuns.list(['cancelled'])).toHaveLength(1)
  })

  it('passes over letters that somebody holds, and takes those behind them', async () => {
    await world.activated({ insuranceNumber: 'X999999995' })
    world.clock.forward(60)
    await world.activated()
    const small = world.createDesk()
    const runs = createPrintRunService({ ...small, rules: { ...small.rules, runSize: 1 } })
    const [newest, older] = await database()('unlock_letters').orderBy('requested_at', 'desc')
    const holder = await database().transaction()
    await holder('unlock_letters').where({ id: newest.id }).forUpdate()
    const runId = await runs.prepare('2026-11-25')
    await holder.commit()
    expect(await world.stores.runLetters.findByRun(runId ?? '')).toMatchObject([{ id: older.id, state: 'prepared' }])
    expect(await runs.countWaiting()).toBe(1)
  })
})
