import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { Cluster, type Redis } from 'ioredis'
import { createFieldEncryption } from '../../../src/crypto/field-encryption.ts'
import type { RedisClient } from '../../../src/gateways/redis/redis.ts'
import { createRedisArtefactStore } from '../../../src/oidc/adapters/redis.ts'
import { type ArtefactStore, createOidcArtefactStore } from '../../../src/stores/sign-in/oidc-artefacts.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'
import { describeOnRedis, type RedisKind, type RedisUnderTest } from '../../support/stores/redis.ts'

export const encryption = createFieldEncryption([{ kid: 'test', secret: randomBytes(32) }])

/** What a test may do to a store besides using it: read everything that is kept, as one text. */
export type StoreUnderTest = { store: ArtefactStore; dump(): Promise<string> }

/** Declares the same tests for each store: embedded PostgreSQL, a PostgreSQL server, each kind of Redis or those chosen. */
export function describeOnEveryStore(
  name: string,
  define: (current: () => StoreUnderTest) => void,
  kinds?: RedisKind[],
): void {
  describeOnBoth(name, (database) => {
    define(() => ({
      store: createOidcArtefactStore(database()),
      dump: async () => JSON.stringify(await database()('oidc_artefacts')),
    }))
  })
  const onRedis = (current: () => RedisUnderTest) =>
    define(() => ({
      store: createRedisArtefactStore(current().gateway, current().prefix),
      dump: () => current().gateway.run(dumpRedis),
    }))
  describeOnRedis(name, onRedis, kinds)
}

/** Keys and contents of every node. */
async function dumpRedis(client: RedisClient): Promise<string> {
  const nodes = client instanceof Cluster ? client.nodes('master') : [client]
  const contents = nodes.map(async (node) => {
    const keys = await node.keys('*')
    return await Promise.all(keys.map(async (key) => [key, await read(node, key)]))
  })
  return JSON.stringify(await Promise.all(contents))
}

async function read(node: Redis, key: string): Promise<unknown> {
  const type = await node.type(key)
  if (type === 'hash') return await node.hgetall(key)
  return type === 'zset' ? await node.zrange(key, '0', '-1') : await node.get(key)
}

/** Requests as the adapter sees them: what one request found counts when it consumes. */
export function createRequests() {
  type Request = { arrived: number; oidc: { entities: Record<string, { jti: string }> } }
  const storage = new AsyncLocalStorage<Request>()
  return {
    currentRequest: () => storage.getStore(),
    requestAge: () => {
      const request = storage.getStore()
      return request && performance.now() - request.arrived
    },
    /** Runs `work` as one request. */
    run: <T>(work: () => Promise<T>): Promise<T> =>
      storage.run({ arrived: performance.now(), oidc: { entities: {} } }, work),
    /** Says what the request at work used and saved, as oidc-provider does. */
    note: (entities: Record<string, string>) => {
      for (const [name, jti] of Object.entries(entities))
        Object.assign(storage.getStore()?.oidc.entities ?? {}, { [name]: { jti } })
    },
  }
}
