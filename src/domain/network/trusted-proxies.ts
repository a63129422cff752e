import { readAddress } from './client-address.ts'
import { isWithin, type Network, parseNetwork } from './networks.ts'

/** Whose `X-Forwarded-…` headers count: so many proxies before this process (0: none), or those in the networks. */
export type TrustedProxies = { hops: number } | { networks: readonly Network[] }

/** More proxies in a row than any installation has: a larger number is a mistake. */
const mostHops = 10

/**
 * Reads the setting TRUST_PROXY: `true` (one proxy), `false`, a number of proxies, or addresses and networks (CIDR) parted by commas.
 * @throws RangeError that says what is wrong with it.
 */
export function parseTrustedProxies(text: string): TrustedProxies {
  const given = text.trim()
  if (given === 'true') return { hops: 1 }
  if (given === 'false') return { hops: 0 }
  if (/^\d+$/.test(given)) {
    if (Number(given) <= mostHops) return { hops: Number(given) }
    throw new RangeError(`${given} proxies in a row are more than ${mostHops}`)
  }
  return {
    networks: given.split(',').map((entry) => parseNetwork(entry.trim(), 'neither true, false, a number of proxies,')),
  }
}

/** Tells whether any proxy is trusted at all. */
export const trustsAny = (trusted: TrustedProxies): boolean => !('hops' in trusted) || trusted.hops > 0

/** Tells whether the forwarding headers of the machine that holds the connection are to be believed. */
export const trustsPeer = (trusted: TrustedProxies, peer: string | undefined): boolean =>
  isProxy(trusted, readAddress(peer ?? ''), 0)

/**
 * Finds the client's address, in the spelling of `readAddress`: from the connection backwards through `X-Forwarded-For` as
 * far as proxies are trusted. What stands before the last trusted proxy's word anybody can have written.
 */
export function clientAddressOf(
  trusted: TrustedProxies,
  peer: string | undefined,
  forwardedFor: string | undefined,
): string {
  let client = readAddress(peer ?? '')
  const named = forwardedFor?.trim() ? forwardedFor.split(',').reverse() : []
  for (const [hop, entry] of named.entries()) {
    if (!isProxy(trusted, client, hop)) break
    client = readAddress(entry)
  }
  return client
}

function isProxy(trusted: TrustedProxies, address: string, hop: number): boolean {
  if ('hops' in trusted) return hop < trusted.hops
  return isWithin(trusted.networks, address)
}
