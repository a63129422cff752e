import type { Advance, Position } from '../journeys/journey.ts'
import type { Transaction } from '../stores/transaction.ts'

/** Knows the forms of each journey that this process is answering. */
export function createUnderWay() {
  const known = new Map<string, Promise<unknown>>()
  return {
    /** Does the work; `before` ends with the work of the same journey that had begun earlier. */
    begin<T>(id: string, work: () => Promise<T>): { before: Promise<unknown> | undefined; work: Promise<T> } {
      const before = known.get(id)
      const own = work()
      const both = Promise.allSettled([before, own]).then(() => {
        if (known.get(id) === both) known.delete(id)
      })
      known.set(id, both)
      return { before, work: own }
    },
  }
}

/**
 * A pause that a double click meets may have been begun by its first click, whose password is right and still being compared: what
 * that one comes to counts.
 */
export async function settle<S extends { step: string }>(
  result: Advance<S>,
  before: Promise<unknown> | undefined,
  { id, version }: Position<S>,
  transaction: Transaction,
): Promise<Advance<S>> {
  if (result.kind !== 'blocked' || !before) return result
  await before
  return (await transaction((unit) => unit.journeys.stands(id, version))) ? result : { kind: 'overtaken' }
}
