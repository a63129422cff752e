import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { KeyRing } from '../../crypto/key-ring.ts'
import type { Protection } from '../../crypto/protection.ts'
import type { InsuredPerson } from '../../domain/register/eligibility.ts'
import { type PersonLines, preparePersons, stagedLines } from '../../stores/register/person-lines.ts'

/** A person with the line of the file. */
export type NumberedPerson = { line: number; person: InsuredPerson }

/** Hashes and seals persons of an import, apart from the database. */
export type PersonSealing = {
  /** What is noted of persons while the file is judged (`stagedLines`). */
  stage(persons: NumberedPerson[]): Promise<string[]>
  /** What is written of persons who are new (`preparePersons`). */
  prepare(persons: InsuredPerson[], now: Date): Promise<PersonLines>
  /** Ends the threads; what is under way is given up. */
  close(): Promise<void>
}

/** The rings as a thread gets them. */
export type SealingKeys = { encryption: KeyRing; hash: KeyRing }
export type SealingTask = { id: number; stage: NumberedPerson[] } | { id: number; prepare: InsuredPerson[]; now: Date }
export type SealingAnswer = { id: number; result: string[] | PersonLines } | { id: number; fault: Error }

/** Seals within this thread: for files that are done before a thread has begun. */
export const createPersonSealing = (protection: Protection): PersonSealing => ({
  stage: async (persons) => stagedLines(protection, persons),
  prepare: async (persons, now) => preparePersons(protection, persons, now),
  close: async () => {},
})

/** More help little: reading and parsing go on in one. */
const mostThreads = 4

/** Creates sealing in as many threads as there are cores; a thread that ends by itself fails whatever waits for it. */
export function createSealingThreads(keys: SealingKeys): PersonSealing {
  const threads = Array.from({ length: Math.min(availableParallelism(), mostThreads) }, () => startThread(keys))
  let turn = 0
  const next = () => threads[turn++ % threads.length] as ReturnType<typeof startThread>
  return {
    stage: (stage) => next().ask({ stage }) as Promise<string[]>,
    prepare: (prepare, now) => next().ask({ prepare, now }) as Promise<PersonLines>,
    close: async () => void (await Promise.all(threads.map((thread) => thread.close()))),
  }
}

type Waiting = { resolve(result: string[] | PersonLines): void; reject(fault: Error): void }

function startThread(workerData: SealingKeys) {
  const worker = new Worker(new URL('./person-sealing-thread.ts', import.meta.url), {
    workerData,
    env: {},
  })
  const waiting = new Map<number, Waiting>()
  let ended: Error | undefined
  const end = (fault: Error) => {
    ended ??= fault
    for (const { reject } of waiting.values()) reject(fault)
    waiting.clear()
  }
  worker.on('message', (answer: SealingAnswer) => {
    const asked = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('fault' in answer) asked?.reject(answer.fault)
    else asked?.resolve(answer.result)
  })
  worker.on('error', end)
  worker.on('exit', () => end(new Error('a thread of the import has ended')))
  let id = 0
  return {
    ask: (task: { stage: NumberedPerson[] } | { prepare: InsuredPerson[]; now: Date }) =>
      new Promise<string[] | PersonLines>((resolve, reject) => {
        if (ended) return reject(ended)
        waiting.set(++id, { resolve, reject })
        worker.postMessage({ id, ...task } satisfies SealingTask)
      }),
    async close() {
      if (ended) return
      const gone = once(worker, 'exit')
      await worker.terminate()
      await gone
    },
  }
}
