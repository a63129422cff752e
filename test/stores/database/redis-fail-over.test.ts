import { afterEach, describe, expect, it } from 'vitest'
import { StoreAway } from '../../../src/errors.ts'
import { createRedisCounters } from '../../../src/gateways/redis/counters.ts'
import { createRedis, type RedisGateway } from '../../../src/gateways/redis/redis.ts'
import { hasOpenssl, hasRedisPrograms } from '../../support/machine/programs.ts'
import { makeCertificates } from '../../support/servers/certificates.ts'
import { freePort, until } from '../../support/servers/processes.ts'
import { startRedis, startRedisCluster, startRedisSentinels } from '../../support/servers/redis.ts'

describe.skipIf(!hasRedisPrograms())('Redis that fails over', () => {
  const closers: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })
  /** A gateway and the counters behind it; `told` is what the log would say. */
  const open = (servers: { url: string; remove(): Promise<void> }, caFile?: string) => {
    const told: string[] = []
    const gateway = createRedis({
      url: servers.url,
      caFile,
      onAway: () => told.push('away'),
      onBack: () => told.push('back'),
    })
    closers.push(servers.remove, gateway.close)
    const counters = createRedisCounters(gateway)
    const write = async (key: string) => (await counters.add(key, 1, Date.now(), null, false)).points > 0
    return { gateway, counters, write, told }
  }

  it('(Sentinel) writes go on at the new primary, without a restart', async () => {
    const sentinels = await startRedisSentinels()
    const { gateway, counters, write, told } = open(sentinels)
    const [lost, heir] = await primaryFirst(sentinels)
    expect(await write('before')).toBe(true)
    await until('the replica has it', async () => Number(await heir?.command('DBSIZE')) === 1)
    await lost?.kill()
    await refusals(gateway, write)
    await until('writes go on', () => write('after'))
    expect([[], ['away', 'back']]).toContainEqual(told)
    expect(gateway.state()).toBe('ready')
    expect(await counters.get('before', Date.now())).toMatchObject({ points: 1 })
    expect((await sentinels.primary()).port).toBe(heir?.port)
  })

  it.skipIf(!hasOpenssl())(
    '(Sentinel) finds the primary, and the new one, by TLS with an authority of its own',
    async () => {
      const files = await makeCertificates()
      closers.push(async () => files.remove())
      const sentinels = await startRedisSentinels(files)
      expect(sentinels.url).toMatch(/^rediss\+sentinel:/)
      const { gateway, write } = open(sentinels, files.ca)
      expect(await write('before')).toBe(true)
      await (await sentinels.primary()).kill()
      await refusals(gateway, write)
      await until('writes go on', () => write('after'))
    },
  )

  it('(Cluster) a lost node takes nothing from the slots of others, and its replica takes its own', async () => {
    const cluster = await startRedisCluster()
    const { gateway, write, told } = open(cluster)
    const keys = Array.from({ length: 30 }, (_, n) => `key${n}`)
    await Promise.all(keys.map(write))
    const [lost] = await cluster.primaries()
    const its = new Set((await lost?.command('KEYS', '*')) as string[])
    const mine = keys.filter((key) => its.has(`meine-aok:limit:${key}`))
    const others = keys.filter((key) => !mine.includes(key))
    expect([mine.length > 0, others.length > 0]).toEqual([true, true])
    let seenAway = 0
    const watch = setInterval(() => gateway.ping().catch(() => seenAway++), 100)
    closers.push(async () => clearInterval(watch))
    await lost?.kill()
    await until('the replica takes the slots', async () => {
      const [ofOthers, ofMine] = await Promise.all([writeAll(others, write), writeAll(mine, write)])
      expect(ofOthers).toBe(others.length)
      return ofMine === mine.length
    })
    await until('health is well', () => gateway.ping().then(() => true))
    expect(seenAway).toBeGreaterThan(0)
    expect(told).toEqual([])
  })

  it('(single) a primary that became a replica is away until it is one again', async () => {
    const server = await startRedis()
    const { gateway, counters, write, told } = open(server)
    expect(await write('key')).toBe(true)
    await server.command('REPLICAOF', '127.0.0.1', String(await freePort()))
    await refusals(gateway, write)
    await server.command('REPLICAOF', 'NO', 'ONE')
    await until('writes go on', () => write('key'))
    expect(await counters.get('key', Date.now())).not.toBeNull()
    expect(told).toEqual(['away', 'back'])
  })
})

/** The primary and its replica. */
async function primaryFirst({ nodes, primary }: Awaited<ReturnType<typeof startRedisSentinels>>) {
  const first = await primary()
  return [first, nodes.find(({ port }) => port !== first.port)]
}

/**
 * Sees writes refused, each in time, until the circuit is cut, or until the new primary writes, which may be there before enough
 * writes were refused.
 */
async function refusals(gateway: RedisGateway, write: (key: string) => Promise<boolean>): Promise<void> {
  let refused = 0
  await until('writes are refused', async () => {
    const begun = performance.now()
    const outcome = await write('meanwhile').catch((error) => error)
    if (outcome === true) return refused > 0
    expect(outcome).toBeInstanceOf(StoreAway)
    expect(performance.now() - begun).toBeLessThan(4_000)
    refused++
    return gateway.state() === 'away'
  })
}

/** How many of them could be written. */
async function writeAll(keys: string[], write: (key: string) => Promise<boolean>): Promise<number> {
  const results = await Promise.allSettled(keys.map(write))
  return results.filter(({ status }) => status === 'fulfilled').length
}
