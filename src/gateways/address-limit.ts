import { addressBuckets, type PrefixFactors } from '../domain/client-address.ts'
import type { KeyedHash } from './field-encryption.ts'
import type { Limit, Limiter, LimitRule } from './limiter.ts'

/** A limit over client addresses, in clear: what is counted are keyed hashes. */
export type AddressLimit = Pick<Limit, 'use' | 'exhaustedUntil'>

type Settings = { limiter: Limiter; hash: KeyedHash; factors: PrefixFactors }

/**
 * Creates a limit that counts each use for the address and for every prefix it lies in (`addressBuckets`), with `rule.count`
 * times the factor of each. The smallest comes first and the first that refuses wins: who is refused in a /64 takes nothing from
 * the neighbours in its /56 and /48.
 */
export function createAddressLimit({ limiter, hash, factors }: Settings, rule: LimitRule): AddressLimit {
  const larger = (factor: number) => [factor, limiter({ ...rule, count: Math.ceil(rule.count * factor) })] as const
  const limits = new Map([1, factors.per56, factors.per48].map(larger))
  const ask = async (address: string, question: (limit: Limit, key: string) => Promise<Date | null>) => {
    for (const { key, factor } of addressBuckets(address, factors)) {
      const until = await question(limits.get(factor) as Limit, hash.hash(key, 'limit:address'))
      if (until) return until
    }
    return null
  }
  return {
    use: (address, points) => ask(address, (limit, key) => limit.use(key, points)),
    exhaustedUntil: (address, points) => ask(address, (limit, key) => limit.exhaustedUntil(key, points)),
  }
}
