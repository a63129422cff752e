import type { Advance, Position } from '../journeys/journey.ts'
import type { Transaction } from '../stores/transaction.ts'

/** Knows the forms of each journey that this process is answering. */
export function createUnderWay() {
  const known = new Map<string, Set<Promise<unknown>>>()
  return {
    /** Does the work; `others` ends with all other work of the same journey that is under way when it is asked. */
    begin<T>(id: string, work: () => Promise<T>): { others: () => Promise<unknown>; work: Promise<T> } {
      const own = work()
      const together = known.get(id) ?? new Set()
      known.set(id, together.add(own))
      const ended = () => {
        together.delete(own)
        if (together.size === 0) known.delete(id)
      }
      own.then(ended, ended)
      return { others: () => Promise.allSettled([...together].filter((each) => each !== own)), work: own }
    },
  }
}

/**
 * A pause that a double click meets may have been begun by its twin, whose password is right and still being compared, whichever of
 * them came first: what that one comes to counts.
 */
export async function settle<S extends { step: string }>(
  result: Advance<S>,
  others: () => Promise<unknown>,
  { id, version }: Position<S>,
  transaction: Transaction,
): Promise<Advance<S>> {
  if (result.kind !== 'blocked') return result
  await others()
  return (await transaction((unit) => unit.journeys.stands(id, version))) ? result : { kind: 'overtaken' }
}
