import { BlockList, isIP } from 'node:net'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/**
 * Tells whether a host is this very machine: `localhost` (RFC 6761, 6.3), 127.0.0.0/8, ::1 (also in brackets, or IPv4 mapped), or the
 * folder of a Unix socket. Any other name may lead elsewhere.
 */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  if (bare.startsWith('/') || bare === 'localhost' || bare === 'localhost.') return true
  const family = isIP(bare)
  return family > 0 && loopback.check(bare, family === 4 ? 'ipv4' : 'ipv6')
}

/** Tells whether the server of a URL is this very machine; a text that is no URL names none. */
export function isLoopbackUrl(url: string): boolean {
  const hostname = URL.parse(url)?.hostname
  return hostname !== undefined && hostname !== '' && isLoopbackHost(decodeURIComponent(hostname))
}
