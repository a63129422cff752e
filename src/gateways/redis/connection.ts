import { readFileSync } from 'node:fs'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { parseRedisAddress, type RedisAddress } from '../../domain/network/redis-address.ts'

export type RedisClient = Redis | Cluster

export type RedisConnectionSettings = {
  /** `REDIS_URL` (`parseRedisAddress`). */
  url: string
  /** PEM file of the authority that signed the server's certificate; without it the authorities of Node count. */
  caFile?: string
  /** Password of the sentinels, when they have one. */
  sentinelPassword?: string
}

/** Milliseconds after which a command that has no answer fails. */
export const commandTimeout = 1_000

/**
 * Opens the one connection to Redis that artefacts and counters share. It connects in the background, again and again;
 * each command is bounded in time, and a server that was made a replica is left for the new primary.
 */
export function openRedis({ url, caFile, sentinelPassword }: RedisConnectionSettings): RedisClient {
  const address = parseRedisAddress(url)
  const tls = address.tls ? { tls: { ca: caFile ? readFileSync(caFile, 'utf8') : undefined } } : {}
  const { username, password } = address
  const common: RedisOptions = {
    username,
    password,
    ...tls,
    commandTimeout,
    connectTimeout: 2 * commandTimeout,
    // A machine that hangs keeps its connections open: silence ends them, and the next one may reach another machine.
    socketTimeout: 2 * commandTimeout,
    maxRetriesPerRequest: 1,
    // 2: connect anew and send the command again.
    reconnectOnError: (error) => (error.message.includes('READONLY') ? 2 : false),
  }
  if (address.kind === 'cluster') return openCluster(address, common)
  const options = {
    ...common,
    db: address.db,
    retryStrategy,
    // Commands of one turn of the event loop leave in one write.
    enableAutoPipelining: true,
  }
  if (address.kind === 'single') return new Redis({ ...options, ...address.hosts[0] })
  return new Redis({
    ...options,
    sentinels: address.hosts,
    name: address.primary,
    sentinelPassword,
    sentinelCommandTimeout: commandTimeout,
    sentinelRetryStrategy: retryStrategy,
    enableTLSForSentinelMode: address.tls,
    ...(address.tls ? { sentinelTLS: tls.tls } : {}),
  } as RedisOptions)
}

/** Milliseconds until the next attempt to connect. */
const retryStrategy = (attempt: number) => Math.min(50 * 2 ** attempt, 1_000)

function openCluster({ hosts, tls }: RedisAddress, redisOptions: RedisOptions): Cluster {
  return new Cluster(hosts, {
    redisOptions,
    clusterRetryStrategy: retryStrategy,
    slotsRefreshTimeout: commandTimeout,
    // A lost node answers nothing, so nothing sends the client to the one that took its place.
    slotsRefreshInterval: 2_000,
    retryDelayOnFailover: 200,
    retryDelayOnClusterDown: 200,
    maxRedirections: 4,
    // Names must stay names for the certificate to fit.
    ...(tls ? { dnsLookup: (host: string, answer: (error: null, address: string) => void) => answer(null, host) } : {}),
  })
}
