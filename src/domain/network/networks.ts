import ipaddr from 'ipaddr.js'

/** An address and the bits of its prefix. */
export type Network = [ipaddr.IPv4 | ipaddr.IPv6, number]

/**
 * Reads an address or a network (CIDR).
 * @throws RangeError that says what is wrong with it; `also` names what else may stand in its place.
 */
export function parseNetwork(text: string, also = 'neither one address'): Network {
  const [, address = '', prefix] = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address))
    throw new RangeError(`"${text}" is ${also} nor an address or network such as 10.0.0.0/8`)
  const network = ipaddr.parse(address)
  const longest = network.kind() === 'ipv4' ? 32 : 128
  const bits = prefix === undefined ? longest : Number(prefix)
  // A prefix of 0 would mean everybody.
  if (bits < 1 || bits > longest) throw new RangeError(`"${text}" needs a prefix between 1 and ${longest}`)
  if (network.range() === 'ipv4Mapped') throw new RangeError(`"${text}" is an IPv4 network: write it as one`)
  return [network, bits]
}

/** Reads addresses and networks parted by commas. @throws RangeError */
export const parseNetworks = (text: string): Network[] => text.split(',').map((entry) => parseNetwork(entry.trim()))

/** Whether an address, as `readAddress` spells it, lies in one of the networks. */
export function isWithin(networks: readonly Network[], address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  return networks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits))
}
