import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Transaction, UnitOfWork } from '../stores/transaction.ts'
import {
  advance,
  type Effects,
  type Input,
  type Journey,
  type Position,
  type StepRequest,
  type Submission,
} from './journey.ts'

const state = z.discriminatedUnion('step', [
  z.object({ step: z.literal('first'), note: z.string().optional() }),
  z.object({ step: z.literal('second'), name: z.string(), entered: z.boolean().optional() }),
  z.object({ step: z.literal('done') }),
])
type State = z.infer<typeof state>
type Deps = { transaction: Transaction; answer: Submission<State> }

const request: StepRequest = { journeyId: 'j1', address: '127.0.0.1', browser: 'browser', language: 'de' }

/** One stored journey and a list of what effects wrote; both are kept only when the transaction ends well. */
function createWorld() {
  const world = { version: 3, state: { step: 'first' } as unknown, written: [] as string[] }
  const transaction: Transaction = async (work) => {
    const draft = structuredClone(world)
    const journeys = {
      async save(_id: string, version: number, next: unknown) {
        if (version !== draft.version) return false
        Object.assign(draft, { version: version + 1, state: next })
        return true
      },
      stands: async (_id: string, version: number) => version === draft.version,
    }
    const result = await work({ journeys, write: (line: string) => draft.written.push(line) } as unknown as UnitOfWork)
    Object.assign(world, draft)
    return result
  }
  return { world, deps: { transaction } }
}

const write =
  (line: string, objection?: Submission<State>): Effects<State> =>
  async (unit) => {
    ;(unit as unknown as { write(line: string): void }).write(line)
    return objection
  }

const journey: Journey<State, Deps> = {
  name: 'example',
  state,
  first: { step: 'first' },
  steps: {
    first: {
      path: 'first',
      show: () => ({}),
      submit: async (_input, _state, deps) => deps.answer,
      actions: { again: async () => ({ stay: { note: 'again' }, effects: write('sent again') }) },
    },
    second: {
      path: 'second',
      enter: async (arrived) => ({ state: { ...arrived, entered: true }, effects: write('entered') }),
      show: () => ({}),
    },
  },
  table: { first: { accepted: 'second', skip: 'done' } },
  progress: () => undefined,
}

describe('advance', () => {
  let { world, deps } = createWorld()
  const position: Position<State> = { id: 'j1', version: 3, state: { step: 'first' } }
  const go = (answer: Submission<State>, input: Input = {}, at = position) =>
    advance(journey, at, input, { ...deps, answer }, request)
  const untouched = { version: 3, state: { step: 'first' }, written: [] }

  beforeEach(() => {
    const fresh = createWorld()
    world = fresh.world
    deps = fresh.deps
  })

  it('moves to the step that the table names, and saves it with the effects of both steps', async () => {
    const data = { name: 'Erika' }
    const moved = await go({ outcome: 'accepted', data, effects: write('accepted') })
    const next = { step: 'second', name: 'Erika', entered: true }
    expect(moved).toEqual({ kind: 'moved', outcome: 'accepted', state: next })
    expect(world).toEqual({ version: 4, state: next, written: ['accepted', 'entered'] })
  })

  it('keeps nothing in the next state that the step does not declare', async () => {
    await go({ outcome: 'skip', data: { password: 'secret', step: 'first' } })
    expect(world.state).toEqual({ step: 'done' })
  })

  it('refuses data that the next step cannot stand on', async () => {
    await expect(go({ outcome: 'accepted', data: {} })).rejects.toThrow()
    expect(world).toEqual(untouched)
  })

  it('stays with a changed state', async () => {
    const stayed = await go({ invalid: {} }, { action: 'again' })
    expect(stayed).toEqual({ kind: 'moved', outcome: 'stay', state: { step: 'first', note: 'again' } })
    expect(world).toEqual({ version: 4, state: { step: 'first', note: 'again' }, written: ['sent again'] })
  })

  it('submits the form for an action that the step does not have', async () => {
    const errors = { name: 'empty' }
    expect(await go({ invalid: errors }, { action: 'other' })).toEqual({ kind: 'invalid', errors, model: undefined })
    for (const action of ['constructor', 'toString', '__proto__', ''])
      expect(await go({ invalid: errors }, { action })).toMatchObject({ kind: 'invalid' })
  })

  it('gives field errors back and changes nothing', async () => {
    const errors = { name: { reason: 'wrong', params: { triesLeft: 2 } } }
    expect(await go({ invalid: errors, model: { a: 1 } })).toEqual({ kind: 'invalid', errors, model: { a: 1 } })
    expect(world).toEqual(untouched)
  })

  it('keeps what belongs to a refusal', async () => {
    const effects = async (unit: UnitOfWork) => void (await write('rejected')(unit))
    expect(await go({ invalid: { mtan: 'wrong' }, effects })).toMatchObject({ kind: 'invalid' })
    expect(world).toEqual({ ...untouched, written: ['rejected'] })
  })

  it('gives a pause back and changes nothing', async () => {
    const until = new Date('2026-11-25T09:10:00Z')
    const pause = { blockedUntil: until, view: 'paused', model: { a: 1 } }
    expect(await go(pause)).toEqual({ kind: 'blocked', until, view: 'paused', model: { a: 1 } })
    expect(world).toEqual(untouched)
  })

  it('is overtaken when another request has moved the journey, and no effect happens', async () => {
    world.version = 4
    const submission = { outcome: 'accepted', data: { name: 'Erika' }, effects: write('accepted') }
    expect(await go(submission)).toEqual({ kind: 'overtaken' })
    expect(world.written).toEqual([])
  })

  it('undoes what went out at once with a step that was not saved, or that was objected to', async () => {
    const atOnce = { outcome: 'skip', data: {}, atOnce: true }
    expect(await go({ ...atOnce, effects: write('skip') })).toMatchObject({ kind: 'moved', state: { step: 'done' } })
    expect(world).toMatchObject({ version: 4, written: ['skip'] })
    // The journey stands elsewhere now.
    expect(await go({ ...atOnce, effects: write('again', { invalid: {} }) })).toEqual({ kind: 'overtaken' })
    expect(world.written).toEqual(['skip'])
    const objection = { ...atOnce, effects: write('again', { invalid: { mtan: 'used_up' } }) }
    expect(await go(objection, {}, { ...position, version: 4 })).toMatchObject({ kind: 'invalid' })
    expect(world).toMatchObject({ version: 4, written: ['skip'] })
  })

  it('is overtaken rather than refused for what the first of two clicks has used up', async () => {
    world.version = 4
    const effects = async (unit: UnitOfWork) => void (await write('rejected')(unit))
    expect(await go({ invalid: { mtan: 'used_up' }, effects })).toEqual({ kind: 'overtaken' })
    expect(world.written).toEqual([])
    expect(await go({ blockedUntil: new Date(0) })).toEqual({ kind: 'overtaken' })
  })

  it('is overtaken at a step without page', async () => {
    const at: Position<State> = { ...position, state: { step: 'done' } }
    expect(await go({ outcome: 'accepted', data: {} }, {}, at)).toEqual({ kind: 'overtaken' })
  })

  it('answers a form that the step does not take with an empty refusal', async () => {
    const at: Position<State> = { ...position, state: { step: 'second', name: 'Erika' } }
    expect(await go({ outcome: 'accepted', data: {} }, {}, at)).toEqual({ kind: 'invalid', errors: {} })
  })

  it('undoes everything when an effect objects', async () => {
    const objection = { invalid: { mtan: 'used_up' } }
    const effects = write('accepted', objection)
    expect(await go({ outcome: 'accepted', data: { name: 'Erika' }, effects })).toEqual({
      kind: 'invalid',
      errors: { mtan: 'used_up' },
    })
    expect(world).toEqual(untouched)
    const until = new Date(0)
    const paused = { outcome: 'skip', data: {}, effects: write('skip', { blockedUntil: until }) }
    expect(await go(paused)).toMatchObject({ kind: 'blocked', until })
    expect(world).toEqual(untouched)
  })

  it('undoes everything when an effect fails', async () => {
    const effects = async () => {
      throw new Error('store is away')
    }
    await expect(go({ outcome: 'skip', data: {}, effects })).rejects.toThrow('store is away')
    expect(world).toEqual(untouched)
  })

  it('names journey, step and outcome when the table does not know it', async () => {
    await expect(go({ outcome: 'lost', data: {} })).rejects.toThrow('journey example: step first has no outcome lost')
    expect(world).toEqual(untouched)
  })
})
