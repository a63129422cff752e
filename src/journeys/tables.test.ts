import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Journey } from './journey.ts'
import { registrationJourney } from './registration/journey.ts'
import { signInJourney } from './sign-in/journey.ts'

/** What every journey has, whatever its states. */
type AnyJourney = {
  name: string
  first: { step: string }
  state: { options: readonly { shape: { step: { value: string } } }[] }
  steps: Record<string, { path: string; submit?: unknown; actions?: object }>
  table: Record<string, Record<string, string>>
}

const asTable = (journey: unknown) => journey as AnyJourney

/** States that end a journey without a page of their own. */
const finals: Record<string, string[]> = { registration: [], 'sign-in': ['finished', 'otherPerson'] }

describe.each([
  ['registration', asTable(registrationJourney)],
  ['sign-in', asTable(signInJourney)],
])('the journey %s', (name, journey) => {
  const variants = journey.state.options.map((option) => option.shape.step.value)
  const outcomes = Object.entries(journey.table).flatMap(([from, moves]) =>
    Object.entries(moves).map(([outcome, to]) => [from, outcome, to] as const),
  )

  it('has a page for every state, or it is final', () => {
    expect([...Object.keys(journey.steps), ...(finals[name] ?? [])].sort()).toEqual([...variants].sort())
  })

  it('has each step once in its state', () => {
    expect(new Set(variants).size).toBe(variants.length)
  })

  it.each(outcomes)('leads from %s by %s to a known step', (from, _, to) => {
    expect(variants).toContain(to)
    expect(Object.keys(journey.steps)).toContain(from)
  })

  it('names in its table the outcomes that its steps give, and no others', () => {
    const folder = new URL(`./${name}/`, import.meta.url)
    const sources = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'))
    const given = sources.flatMap((source) => [...source.matchAll(/outcome: '(\w+)'/g)].map((match) => match[1]))
    const named = outcomes.map(([, outcome]) => outcome)
    expect([...new Set(given)].sort()).toEqual([...new Set(named)].sort())
  })

  it('can be left only from steps that take a form', () => {
    const silent = Object.keys(journey.table).filter(
      (from) => !journey.steps[from]?.submit && !journey.steps[from]?.actions,
    )
    expect(silent).toEqual([])
  })

  it('reaches every step from the first', () => {
    const reached = new Set([journey.first.step])
    for (const step of reached) for (const to of Object.values(journey.table[step] ?? {})) reached.add(to)
    expect([...reached].sort()).toEqual([...variants].sort())
  })

  it('has a path of its own for every step', () => {
    const paths = Object.values(journey.steps).map((step) => step.path)
    expect(new Set(paths).size).toBe(paths.length)
  })
})

describe('progress', () => {
  const progress = <S extends { step: string }, D>(journey: Journey<S, D>, state: unknown) =>
    journey.progress(state as S)

  it('counts the pages of the registration', () => {
    const steps = ['credentials', 'contact', 'mtan', 'done'].map((step) => progress(registrationJourney, { step }))
    expect(steps).toEqual([1, 2, 3, 4].map((step) => ({ step, of: 4 })))
  })

  it('counts four pages of a first sign-in, two of a later one, and none of a notice', () => {
    expect(progress(signInJourney, { step: 'password' })).toBeUndefined()
    expect(progress(signInJourney, { step: 'unlockCode' })).toEqual({ step: 2, of: 4 })
    expect(progress(signInJourney, { step: 'mtan', way: 'firstSignIn' })).toEqual({ step: 3, of: 4 })
    expect(progress(signInJourney, { step: 'securityQuestion' })).toEqual({ step: 4, of: 4 })
    expect(progress(signInJourney, { step: 'mtan', way: 'laterSignIn' })).toEqual({ step: 2, of: 2 })
    expect(progress(signInJourney, { step: 'mtan', way: 'newLetter' })).toBeUndefined()
    expect(progress(signInJourney, { step: 'suspended' })).toBeUndefined()
  })
})
