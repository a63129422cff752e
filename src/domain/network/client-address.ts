import ipaddr from 'ipaddr.js'

/** One thing that limits count for an address: the address or a prefix of it, and by how much its limits are larger. */
export type AddressBucket = { key: string; factor: number }

/** How much larger the limits of an IPv6 /56 and /48 are than those of one /64. */
export type PrefixFactors = { per56: number; per48: number }

/** Written by proxies for what they do not know; every address that cannot be read counts as this one. */
const unknown = 'unknown'

/** Prefixes that carry an IPv4 address in their last 32 bits: IPv4-mapped (RFC 4291), SIIT (RFC 2765), NAT64 (RFC 6052, 8215). */
const carryingIpv4 = ['::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/96'].map((network) =>
  ipaddr.IPv6.parseCIDR(network),
)

/**
 * Reads an address as sockets and proxies write it (with port, brackets or zone id) and answers it in one spelling; IPv4
 * in IPv6 notation is IPv4. `unknown` for what is none.
 */
export function readAddress(text: string): string {
  const bare = text.trim().replace(/%[^\]:]*/, '')
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(bare)?.[1]
  const parsed = bracketed === undefined ? (parse(bare) ?? parse(bare.replace(/:\d{1,5}$/, ''))) : parse(bracketed)
  return parsed?.toString() ?? unknown
}

function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  // Four decimal parts only: the shorter, octal and hexadecimal spellings of inet_aton are no addresses here.
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text)
  if (text.length > 45 || !ipaddr.IPv6.isValid(text)) return undefined
  const address = ipaddr.IPv6.parse(text)
  if (!carryingIpv4.some((network) => address.match(network))) return address
  return new ipaddr.IPv4(address.toByteArray().slice(12))
}

/**
 * Lists what limits count for a client address, smallest first: an IPv4 address itself; of IPv6 the /64 that a network holds, and
 * the /56 and /48 that a subscriber or site may hold (RFC 6177), with larger limits because neighbours can share them.
 */
export function addressBuckets(text: string, factors: PrefixFactors): AddressBucket[] {
  const address = readAddress(text)
  if (!address.includes(':')) return [{ key: address, factor: 1 }]
  const prefix = (bits: number) => `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/${bits}`)}/${bits}`
  return [
    { key: prefix(64), factor: 1 },
    { key: prefix(56), factor: factors.per56 },
    { key: prefix(48), factor: factors.per48 },
  ]
}
