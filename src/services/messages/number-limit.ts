import type { KeyedHash } from '../../crypto/field-encryption.ts'
import { createAddressLimit } from '../../gateways/address-limit.ts'
import type { Limiter } from '../../gateways/limiter.ts'
import type { MtanLimits } from './mtans.ts'

type Settings = {
  limiter: Limiter
  hash: KeyedHash
  /** How many a day: from one place, the first ones of all places, and all further ones. */
  rules: { perNumberAndDay: number; perNumberAndDayInAll: number; furtherPerNumberAndDay: number }
}

/** Seconds. */
const day = 24 * 60 * 60

/**
 * Creates the limit of registrations' mTANs to one number: those from one place, the first ones of all places, and all further ones. A
 * few places use up the further ones only, so that whoever comes from another one gets hers.
 */
export function createNumberLimit(
  number: string,
  { limiter, hash, rules: { perNumberAndDay, perNumberAndDayInAll, furtherPerNumberAndDay } }: Settings,
): ReturnType<MtanLimits['registrationNumber']> {
  const inAll = limiter({ name: 'mtan_registration_number_in_all', count: perNumberAndDayInAll, window: day })
  const further = limiter({ name: 'mtan_registration_number_further', count: furtherPerNumberAndDay, window: day })
  // Not multiplied by IP_LIMIT_FACTOR: it guards a telephone, not the service.
  const place = createAddressLimit(
    { limiter, hash, factors: { per56: 1, per48: 2 } },
    { name: `mtan_registration_number:${number}`, count: perNumberAndDay, window: day },
  )
  /** The limit over all places, for one that has used more than `uses`. */
  const over = async (address: string, uses: number) =>
    (await place.exhaustedUntil(address, perNumberAndDay - uses)) ? further : inAll
  return {
    use: async (address: string) => (await place.use(address)) ?? (await (await over(address, 1)).use(number)),
    exhaustedUntil: async (address: string) =>
      (await place.exhaustedUntil(address)) ?? (await (await over(address, 0)).exhaustedUntil(number)),
  }
}
