import { availableParallelism } from 'node:os'
import { argon2id, hash, needsRehash, verify } from 'argon2'
import { type AddressBucket, addressBuckets } from '../domain/network/client-address.ts'
import { PublicError } from '../errors.ts'

/** Memory in KiB, iterations, lanes; work at once per core and the length of the queue (security.md, "password"). */
export type HashingSettings = {
  memoryKiB: number
  iterations: number
  parallelism: number
  perCore: number
  queue: number
}

/** Parameters of a hash as its string names them: `m=19456,t=2,p=1`. */
type Generation = string

type Options = { type: 2; memoryCost: number; timeCost: number; parallelism: number }

/** Hashes and verifies secrets with argon2id (RFC 9106; OWASP Password Storage). */
export type PasswordHasher = {
  /** `from`: the client address that may not fill the queue; without it the work is that of somebody known. */
  hash(secret: string, from?: string): Promise<string>
  /**
   * `hashed` null: an unknown account. Every refusal costs one verification with each parameters in use, so that its time tells
   * neither whether there is an account nor when it last signed in. `from` as with `hash`.
   */
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
 * `stored` names the parameters that hashes in use were made with; it is asked once, before the first password is compared.
 */
export function createPasswordHasher(
  settings: HashingSettings,
  stored: () => Promise<Generation[]> = async () => [],
): PasswordHasher {
  const options: Options = {
    type: argon2id as 2,
    memoryCost: settings.memoryKiB,
    timeCost: settings.iterations,
    parallelism: settings.parallelism,
  }
  const bounded = createBoundedQueue(availableParallelism() * settings.perCore)
  // A flood of passwords leaves room for the last step of the sign-ins that have passed it.
  const forVerifying = settings.queue - Math.ceil(settings.queue / 4)
  const perSender = Math.ceil(settings.queue / 4)
  const nobody = createNobody(options, stored)
  return {
    hash: (secret, from) => bounded.run({ all: settings.queue, perSender, from }, () => hash(secret, options)),
    async verify(secret, hashed, from) {
      return await bounded.run({ all: forVerifying, perSender, from }, async () => {
        await nobody.learn(hashed)
        if (hashed !== null && (await verify(hashed, secret))) return true
        for (const each of nobody.besides(hashed)) await verify(each, secret)
        return false
      })
    },
    isOutdated: (hashed) => needsRehash(hashed, options),
    load: () => ({ ...bounded.load(), queue: settings.queue }),
  }
}

/** Hashes of nobody, one for each parameters in use: those of the settings, those stored, and any that comes up later. */
function createNobody(current: Options, stored: () => Promise<Generation[]>) {
  const hashes = new Map<Generation, string>()
  const learn = async (options: Options | undefined) => {
    if (!options || hashes.has(nameOf(options))) return
    hashes.set(nameOf(options), await hash('nobody has this password', options))
  }
  let asked: Promise<void> | undefined
  return {
    /** Sees to it that the parameters in use, and those of `hashed`, are known. */
    async learn(hashed: string | null): Promise<void> {
      asked ??= stored().then(async (generations) => {
        await learn(current)
        for (const generation of generations) await learn(readOptions(generation))
      })
      await asked.catch((error) => {
        asked = undefined
        throw error
      })
      await learn(readOptions(hashed?.split('$')[3]))
    },
    besides(hashed: string | null): string[] {
      const own = readOptions(hashed?.split('$')[3])
      return [...hashes].filter(([name]) => !own || name !== nameOf(own)).map(([, made]) => made)
    },
  }
}

/** Some libraries write the parameters by the alphabet, others as RFC 9106 lists them. */
const nameOf = ({ memoryCost, timeCost, parallelism }: Options): Generation =>
  `m=${memoryCost},t=${timeCost},p=${parallelism}`

function readOptions(generation: Generation | undefined): Options | undefined {
  const given = new Map(generation?.split(',').map((each) => each.split('=') as [string, string]))
  const [memoryCost, timeCost, parallelism] = ['m', 't', 'p'].map((name) => Number(given.get(name)))
  return memoryCost && timeCost && parallelism ? { type: argon2id as 2, memoryCost, timeCost, parallelism } : undefined
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
