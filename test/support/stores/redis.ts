import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe } from 'vitest'
import { createRedis, type RedisGateway } from '../../../src/gateways/redis/redis.ts'
import { hasRedisPrograms } from '../machine/programs.ts'
import { startRedis, startRedisCluster, startRedisSentinels } from '../servers/redis.ts'

/** A Redis of any kind that a test may use, and the prefix of the keys it is to use. */
export type RedisUnderTest = { gateway: RedisGateway; url: string; prefix: string }

const kinds = { single: startRedis, Sentinel: startRedisSentinels, Cluster: startRedisCluster }
export type RedisKind = keyof typeof kinds

/** Declares the same tests for a single Redis, Sentinel and Cluster, each started once. */
export function describeOnRedis(
  name: string,
  define: (current: () => RedisUnderTest) => void,
  chosen = Object.keys(kinds) as RedisKind[],
): void {
  for (const kind of chosen)
    describe.skipIf(!hasRedisPrograms())(`${name} on Redis, ${kind}`, () => {
      let servers: { url: string; remove(): Promise<void> } | undefined
      let current: RedisUnderTest | undefined
      beforeAll(async () => {
        servers = await kinds[kind]()
        const { url } = servers
        const gateway = createRedis({ url })
        await gateway.ping()
        current = { gateway, url, prefix: `test:${randomBytes(6).toString('hex')}:` }
      })
      afterAll(async () => {
        await current?.gateway.close()
        await servers?.remove()
      })
      define(() => current as RedisUnderTest)
    })
}
