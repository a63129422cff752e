import { availableParallelism } from 'node:os'
import { argon2id, hash, needsRehash, verify } from 'argon2'
import { type AddressBucket, addressBuckets } from '../domain/client-address.ts'
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
  /** `from`: the client address that may not fill the queue; without it the work counts for nobody. */
  hash(secret: string, from?: string): Promise<string>
  /** `hashed` null: an unknown account; the same work is done and the answer is false. `from` as with `hash`. */
  verify(secret: string, hashed: string | null, from?: string): Promise<boolean>
  /** True when the parameters have risen since `hashed` was made. */
  isOutdated(hashed: string): boolean
  /** Work running and waiting now, and how much may wait. */
  load(): { running: number; waiting: number; queue: number }
}

/**
 * Creates the hasher with bounded work: beyond the queue it refuses with `unavailable` and `Retry-After`,
 * so that a flood of sign-ins sheds load before the process falls over. Verifying may fill three quarters of the queue, one
 * client address or home (IPv6 /56) a quarter: who floods it meets the refusal alone.
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
  const perSender = Math.ceil(settings.queue / 4)
  const nobody = await hash('nobody has this password', options)
  return {
    hash: (secret, from) => bounded.run({ all: settings.queue, perSender, from }, () => hash(secret, options)),
    async verify(secret, hashed, from) {
      const right = await bounded.run({ all: forVerifying, perSender, from }, () => verify(hashed ?? nobody, secret))
      return right && hashed !== null
    },
    isOutdated: (hashed) => needsRehash(hashed, options),
    load: () => ({ ...bounded.load(), queue: settings.queue }),
  }
}

/** How much may wait before work that is given in, over all and of the same sender. */
type Room = { all: number; perSender: number; from: string | undefined }

/** A /48 may have half as much again as one /56 in it, so that a home leaves something to its neighbours. */
const sendersOf = (from: string | undefined) =>
  from === undefined ? [] : addressBuckets(from, { per56: 1, per48: 1.5 })

function createBoundedQueue(atOnce: number) {
  const waiting: { senders: AddressBucket[]; start: () => void }[] = []
  let running = 0
  const waitingFrom = (key: string) =>
    waiting.filter(({ senders }) => senders.some((sender) => sender.key === key)).length
  const isFull = ({ all, perSender }: Room, senders: AddressBucket[]) =>
    waiting.length >= all || senders.some(({ key, factor }) => waitingFrom(key) >= perSender * factor)
  return {
    load: () => ({ running, waiting: waiting.length }),
    async run<T>(room: Room, work: () => Promise<T>): Promise<T> {
      if (running >= atOnce) {
        const senders = sendersOf(room.from)
        if (isFull(room, senders))
          throw new PublicError('unavailable', { detail: 'password hashing queue is full', retryAfter: 5 })
        // The one who ends hands its place over, so `running` stays as it is.
        await new Promise<void>((start) => waiting.push({ senders, start }))
      } else running++
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next) next.start()
        else running--
      }
    },
  }
}
