import ipaddr from 'ipaddr.js'
import { readAddress } from './client-address.ts'

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number]

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
  return { networks: given.split(',').map((entry) => parseNetwork(entry.trim())) }
}

function parseNetwork(text: string): Network {
  const [, address = '', prefix] = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address))
    throw new RangeError(
      `"${text}" is neither true, false, a number of proxies, nor an address or network such as 10.0.0.0/8`,
    )
  const network = ipaddr.parse(address)
  const longest = network.kind() === 'ipv4' ? 32 : 128
  const bits = prefix === undefined ? longest : Number(prefix)
  // A prefix of 0 would believe everybody's word about who they are.
  if (bits < 1 || bits > longest) throw new RangeError(`"${text}" needs a prefix between 1 and ${longest}`)
  if (network.range() === 'ipv4Mapped') throw new RangeError(`"${text}" is an IPv4 network: write it as one`)
  return [network, bits]
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
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  return trusted.networks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits))
}
