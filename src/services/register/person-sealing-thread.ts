import { parentPort, workerData } from 'node:worker_threads'
import { createFieldEncryption, createKeyedHash } from '../../crypto/field-encryption.ts'
import { preparePersons, stagedLines } from '../../stores/register/person-lines.ts'
import type { SealingAnswer, SealingKeys, SealingTask } from './person-sealing.ts'

/** The thread of `createSealingThreads`: answers each task in its turn. */
const { encryption, hash } = workerData as SealingKeys
const protection = { encryption: createFieldEncryption(encryption), hash: createKeyedHash(hash) }

parentPort?.on('message', (task: SealingTask) => {
  parentPort?.postMessage(answer(task))
})

function answer(task: SealingTask): SealingAnswer {
  const { id } = task
  try {
    return {
      id,
      result:
        'stage' in task ? stagedLines(protection, task.stage) : preparePersons(protection, task.prepare, task.now),
    }
  } catch (fault) {
    return { id, fault: fault as Error }
  }
}
