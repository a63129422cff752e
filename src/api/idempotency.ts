import { setTimeout as wait } from 'node:timers/promises'
import type { ApiIdempotency } from '../services/operation/idempotency.ts'
import type { Answer } from './operation.ts'
import { Problem } from './problem.ts'

/** Milliseconds between two looks for the answer of the same request, and looks at most. */
const [between, looks] = [100, 50]

/**
 * Answers a request with an `Idempotency-Key` once: whoever sends it again within a day gets the same answer. Of many at once one works,
 * and the others wait for its answer. A refusal is not kept.
 * @throws Problem when the key is malformed, of another request, or its first request is not done
 */
export async function once(
  idempotency: ApiIdempotency,
  asked: { clientId: string; key: string; request: string },
  work: () => Promise<Answer>,
): Promise<Answer> {
  if (!/^[\x21-\x7e]{1,128}$/.test(asked.key))
    throw new Problem('bad-request', { detail: 'Idempotency-Key takes 1 to 128 visible characters of ASCII' })
  for (let look = 0; look < looks; look++) {
    const claim = await idempotency.claim(asked)
    if (claim.outcome === 'other') throw new Problem('key-reused')
    if (claim.outcome === 'answered') return claim.answer as Answer
    if (claim.outcome === 'yours') return await finish(idempotency, asked, work)
    await wait(between)
  }
  throw new Problem('key-busy', { headers: { 'Retry-After': '5' } })
}

/** A refusal has done nothing, and a fault of ours is undone: the next try is a new one. */
async function finish(
  idempotency: ApiIdempotency,
  asked: { clientId: string; key: string },
  work: () => Promise<Answer>,
): Promise<Answer> {
  const answer = await work().catch(async (thrown: unknown) => {
    await idempotency.forget(asked)
    throw thrown
  })
  await idempotency.keep(asked, answer)
  return answer
}
