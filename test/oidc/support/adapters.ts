import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe } from 'vitest'
import { createFieldEncryption } from '../../../src/gateways/field-encryption.ts'
import { createRedisArtefactStore } from '../../../src/oidc/adapters/redis.ts'
import { type ArtefactStore, createOidcArtefactStore } from '../../../src/stores/oidc-artefacts.ts'
import { describeOnBoth } from '../../support/databases.ts'

const redisUrl = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379'

export const encryption = createFieldEncryption([{ kid: 'test', secret: randomBytes(32) }])

/** What a test may do to a store besides using it: read everything that is kept, as one text. */
export type StoreUnderTest = { store: ArtefactStore; dump(): Promise<string> }

/** Declares the same tests for each store: embedded PostgreSQL, a PostgreSQL server, Redis. */
export function describeOnEveryStore(name: string, define: (current: () => StoreUnderTest) => void): void {
  describeOnBoth(name, (database) => {
    define(() => ({
      store: createOidcArtefactStore(database()),
      dump: async () => JSON.stringify(await database()('oidc_artefacts')),
    }))
  })
  describe(`${name} on Redis`, () => {
    const prefix = `test:${randomBytes(6).toString('hex')}:`
    let redis: Redis
    const keys = () => redis.keys(`${prefix}*`)
    beforeAll(() => {
      redis = new Redis(redisUrl)
    })
    afterAll(async () => {
      for (const key of await keys()) await redis.del(key)
      await redis.quit()
    })
    define(() => ({
      store: createRedisArtefactStore(redis, prefix),
      dump: async () => {
        const contents = (await keys()).map(async (key) => {
          const type = await redis.type(key)
          if (type === 'hash') return [key, await redis.hgetall(key)]
          return [key, type === 'set' ? await redis.smembers(key) : await redis.get(key)]
        })
        return JSON.stringify(await Promise.all(contents))
      },
    }))
  })
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
