/**
 * Repeats a piece of work that deals with at most `batch` rows and commits, until one deals with fewer or `signal` is
 * aborted; answers how many rows in all.
 */
export async function inBatches(work: () => Promise<number>, batch: number, signal?: AbortSignal): Promise<number> {
  let total = 0
  for (;;) {
    const done = await work()
    total += done
    if (done < batch || signal?.aborted) return total
  }
}
