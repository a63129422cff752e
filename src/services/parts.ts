import { PartsFailed, UnreadableRow } from '../errors.ts'

/** Collects the faults of parts of a piece of work, so that the parts beside them are done. */
export function collectFaults() {
  const faults: unknown[] = []
  return {
    add: (fault: unknown) => void faults.push(fault),
    /** For a row with a transaction of its own: `false` when it cannot be opened. @throws every other fault */
    leaveOut: (fault: unknown): false => {
      if (!(fault instanceof UnreadableRow)) throw fault
      faults.push(fault)
      return false
    },
    /** Answers how much was done. @throws PartsFailed when anything was not */
    end(done: number): number {
      if (faults.length > 0) throw new PartsFailed(faults, done)
      return done
    },
  }
}

/**
 * Does every part, also when an earlier one failed: none holds back those behind it. Answers how much they did together.
 * @throws PartsFailed at the end, when any has failed
 */
export async function inTurn(parts: readonly (() => Promise<number>)[]): Promise<number> {
  const faults = collectFaults()
  let done = 0
  for (const part of parts)
    done += await part().catch((fault) => {
      faults.add(fault)
      return fault instanceof PartsFailed ? fault.done : 0
    })
  return faults.end(done)
}
