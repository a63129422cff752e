import type { KeyedHash } from '../crypto/field-encryption.ts'
import { addressBuckets, type PrefixFactors } from '../domain/network/client-address.ts'
import type { Limit, Limiter, LimitRule } from './limiter.ts'

/** A limit over client addresses, in clear: what is counted are keyed hashes. */
export type AddressLimit = Pick<Limit, 'use' | 'exhaustedUntil' | 'giveBack'>

type Settings = { limiter: Limiter; hash: KeyedHash; factors: PrefixFactors }

/**
 * Creates a limit that counts each use for the address and for every prefix it lies in (`addressBuckets`), with `rule.count`
 * times the factor of each. The smallest comes first and the first that refuses wins: who is refused in a /64 takes nothing from
 * the neighbours in its /56 and /48. Whoever has used up a prefix leaves no counters behind for the addresses in it.
 */
export function createAddressLimit({ limiter, hash, factors }: Settings, rule: LimitRule): AddressLimit {
  const larger = (factor: number) => [factor, limiter({ ...rule, count: Math.ceil(rule.count * factor) })] as const
  const limits = new Map([1, factors.per56, factors.per48].map(larger))
  const bucketsOf = (address: string) =>
    addressBuckets(address, factors).map(({ key, factor }) => ({
      limit: limits.get(factor) as Limit,
      key: hash.hash(key, 'limit:address'),
    }))
  type Bucket = ReturnType<typeof bucketsOf>[number]
  const firstOf = async (buckets: Bucket[], question: (bucket: Bucket) => Promise<Date | null>) => {
    for (const bucket of buckets) {
      const until = await question(bucket)
      if (until) return until
    }
    return null
  }
  return {
    async use(address, points) {
      const buckets = bucketsOf(address)
      const exhausted = await firstOf(buckets.slice(1), ({ limit, key }) => limit.exhaustedUntil(key, points))
      return exhausted ?? (await firstOf(buckets, ({ limit, key }) => limit.use(key, points)))
    },
    exhaustedUntil: (address, points) =>
      firstOf(bucketsOf(address), ({ limit, key }) => limit.exhaustedUntil(key, points)),
    async giveBack(address) {
      await Promise.all(bucketsOf(address).map(({ limit, key }) => limit.giveBack(key)))
    },
  }
}
