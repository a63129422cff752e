/** Where Redis is, and how it is asked. Without `tls` the connection is in clear. */
export type RedisAddress = {
  kind: 'single' | 'sentinel' | 'cluster'
  hosts: { host: string; port: number }[]
  tls: boolean
  username?: string
  password?: string
  /** Database number; a cluster has one only. */
  db: number
  /** What the sentinels call the primary. */
  primary?: string
}

const forms = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^/?#]+)(?:\/([^?#]*))?$/

/**
 * Reads `REDIS_URL`: `redis[s]://[user][:password@]host[:port][/db]`, `redis[s]+sentinel://…host:port,host:port/name[/db]`
 * or `redis[s]+cluster://…host:port,host:port`. User and password are percent-encoded.
 * @throws Error that names what is wrong, never the password
 */
export function parseRedisAddress(url: string): RedisAddress {
  const [, scheme, mode, credentials, list, path = ''] = forms.exec(url) ?? []
  if (!scheme || !list)
    throw new Error('must begin with redis://, rediss://, redis+sentinel:// or redis+cluster:// and name a host')
  const kind = (mode ?? 'single') as RedisAddress['kind']
  const hosts = list.split(',').map((each) => parseHost(each, kind === 'sentinel' ? 26_379 : 6379))
  if (kind === 'single' && hosts.length > 1)
    throw new Error('names several hosts; that takes redis+sentinel:// or redis+cluster://')
  const parts = path.split('/').filter(Boolean)
  const primary = kind === 'sentinel' ? parts.shift() : undefined
  if (kind === 'sentinel' && !primary) throw new Error('needs the name of the primary, as in /mymaster')
  if (parts.length > 1 || !/^\d*$/.test(parts[0] ?? '')) throw new Error('must end with the number of a database')
  const db = Number(parts[0] ?? 0)
  if (kind === 'cluster' && db > 0) throw new Error('names a database, but a cluster has database 0 only')
  return { kind, hosts, tls: scheme === 'rediss', ...parseCredentials(credentials), db, primary }
}

function parseHost(text: string, usual: number): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([\da-fA-F:.]+)\]|([^:[\]\s]+))(?::(\d+))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  const number = port ? Number(port) : usual
  if (!host || number < 1 || number > 65_535)
    throw new Error('must name hosts as host or host:port, with commas between')
  return { host, port: number }
}

function parseCredentials(text: string | undefined): { username?: string; password?: string } {
  if (!text) return {}
  const colon = text.indexOf(':')
  try {
    const username = decodeURIComponent(colon < 0 ? text : text.slice(0, colon))
    const password = colon < 0 ? '' : decodeURIComponent(text.slice(colon + 1))
    return { username: username || undefined, password: password || undefined }
  } catch {
    throw new Error('must percent-encode user and password')
  }
}
