import { availableParallelism } from 'node:os'
import { argon2id, hash, needsRehash, verify } from 'argon2'
import { PublicError } from '../errors.ts'

/** Memory in KiB, iterations, lanes; work at once per core and the length of the queue (security.md, "password"). */
export type HashingSettings = {
  memoryKiB: number
  iterations: number
  parallelism: number
  perCore: number
  queue: number
}

/** Hashes and verifies secrets with argon2id (RFC 9106; OWASP Password Storage). */
export type PasswordHasher = {
  hash(secret: string): Promise<string>
  /** `hashed` null: an unknown account; the same work is done and the answer is false. */
  verify(secret: string, hashed: string | null): Promise<boolean>
  /** True when the parameters have risen since `hashed` was made. */
  isOutdated(hashed: string): boolean
  /** Work running and waiting now, and how much may wait. */
  load(): { running: number; waiting: number; queue: number }
}

/**
 * Creates the hasher with bounded work: beyond the queue it refuses with `unavailable` and `Retry-After`,
 * so that a flood of sign-ins sheds load before the process falls over. Verifying may fill three quarters of the queue.
 */
export async function createPasswordHasher(settings: HashingSettings): Promise<PasswordHasher> {
  const options = {
    type: argon2id as 2,
    memoryCost: settings.memoryKiB,
    timeCost: settings.iterations,
    parallelism: settings.parallelism,
  }
  const bounded = createBoundedQueue(availableParallelism() * settings.perCore)
  // A flood of passwords leaves room for the last step of the sign-ins that have passed it.
  const forVerifying = settings.queue - Math.ceil(settings.queue / 4)
  const nobody = await hash('nobody has this password', options)
  return {
    hash: (secret) => bounded.run(settings.queue, () => hash(secret, options)),
    async verify(secret, hashed) {
      const right = await bounded.run(forVerifying, () => verify(hashed ?? nobody, secret))
      return right && hashed !== null
    },
    isOutdated: (hashed) => needsRehash(hashed, options),
    load: () => ({ ...bounded.load(), queue: settings.queue }),
  }
}

function createBoundedQueue(atOnce: number) {
  const waiting: (() => void)[] = []
  let running = 0
  return {
    load: () => ({ running, waiting: waiting.length }),
    async run<T>(queueLength: number, work: () => Promise<T>): Promise<T> {
      if (running >= atOnce) {
        if (waiting.length >= queueLength)
          throw new PublicError('unavailable', { detail: 'password hashing queue is full', retryAfter: 5 })
        // The one who ends hands its place over, so `running` stays as it is.
        await new Promise<void>((resolve) => waiting.push(resolve))
      } else running++
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next) next()
        else running--
      }
    },
  }
}
