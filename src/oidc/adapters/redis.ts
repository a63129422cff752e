import { Redis } from 'ioredis'
import type { AdapterFactory } from 'oidc-provider'
import type { ArtefactStore, NewArtefact, StoredArtefact } from '../../stores/oidc-artefacts.ts'
import { type AdapterSettings, createArtefactAdapterFactory } from './artefact-adapter.ts'

export type RedisAdapter = { adapterFactory: AdapterFactory; ping(): Promise<void>; close(): Promise<void> }

type Settings = Omit<AdapterSettings, 'store'> & {
  /** redis:// or rediss:// */
  url: string
  /** Put before every key, so that several installations can share a server. */
  prefix?: string
  onError(error: Error): void
}

/** Connects to Redis and creates the adapter over it. A command fails after 5 s rather than wait for a lost server. */
export function createRedisAdapter({ url, prefix, onError, ...settings }: Settings): RedisAdapter {
  // Commands of one turn of the event loop leave in one write.
  const redis = new Redis(url, { commandTimeout: 5_000, maxRetriesPerRequest: 2, enableAutoPipelining: true })
  redis.on('error', onError)
  const store = createRedisArtefactStore(redis, prefix)
  return {
    adapterFactory: createArtefactAdapterFactory({ store, ...settings }),
    async ping() {
      await redis.ping()
    },
    async close() {
      // A server that is away cannot be asked to end the connection.
      if (redis.status === 'ready') await redis.quit()
      else redis.disconnect()
    },
  }
}

const now = "local t = redis.call('TIME'); local now = string.format('%.3f', t[1] * 1000 + t[2] / 1000);"

const scripts = {
  save: `redis.call('HSET', KEYS[1], 'sealed', ARGV[1]) redis.call('PEXPIRE', KEYS[1], ARGV[2]) return 1`,
  consume: `${now} local k = KEYS[1]
    if redis.call('EXISTS', k) == 0 or redis.call('HEXISTS', k, 'supersededAt') == 1 then return 0 end
    if tonumber(redis.call('HGET', k, 'uses') or '0') ~= tonumber(ARGV[1]) then return 0 end
    redis.call('HINCRBY', k, 'uses', 1)
    redis.call('HSET', k, 'usedAt', now)
    redis.call('HSETNX', k, 'consumedAt', now)
    local successor = redis.call('HGET', k, 'successor')
    redis.call('HDEL', k, 'successor', 'succeededAt')
    return successor or 1`,
  supersede: `${now} if redis.call('EXISTS', KEYS[1]) == 1 then
      redis.call('HSET', KEYS[1], 'supersededAt', now) end return 1`,
  answer: `${now} if redis.call('EXISTS', KEYS[1]) == 1 then
      redis.call('HSET', KEYS[1], 'successor', ARGV[1], 'succeededAt', now) end return 1`,
  // The member list of a grant lives as long as its longest member.
  join: `redis.call('SADD', KEYS[1], ARGV[1])
    if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 1`,
}

const fields = ['sealed', 'uses', 'consumedAt', 'usedAt', 'supersededAt', 'successor', 'succeededAt'] as const

const unused = { consumedAt: null, consumedAgo: null, usedAgo: null, successorUses: null, successorAgo: null }

/**
 * Creates the store of oidc-provider's artefacts in Redis. Braces in keys are hash tags: what one script touches lies
 * in one slot of a cluster; a grant and the list of its members do too (tokens are found without their grant).
 */
export function createRedisArtefactStore(redis: Redis, prefix = 'meine-aok:oidc:'): ArtefactStore {
  const keyOf = (model: string, hash: string) => `${prefix}${model}:{${hash}}`
  const run = (script: keyof typeof scripts, key: string, ...values: (string | number)[]) =>
    redis.eval(scripts[script], 1, key, ...values)

  const find = async (model: string, idHash: string): Promise<StoredArtefact | undefined> => {
    const values = await redis.hmget(keyOf(model, idHash), ...fields)
    const [sealed, uses, consumed, used, superseded, successor, succeeded] = values
    if (!sealed) return undefined
    const stored = { idHash, sealed, uses: Number(uses ?? 0), superseded: superseded !== null }
    const first = Number(consumed ?? superseded)
    if (!first) return { ...stored, ...unused }
    const [seconds, microseconds] = await redis.time()
    const ago = (time: number) => Number(seconds) * 1000 + Number(microseconds) / 1000 - time
    return {
      ...stored,
      consumedAt: new Date(first),
      consumedAgo: ago(first),
      usedAgo: ago(Number(used ?? superseded)),
      successorUses: await usesOf(model, successor),
      successorAgo: succeeded ? ago(Number(succeeded)) : null,
    }
  }

  const usesOf = async (model: string, idHash: string | null | undefined): Promise<number | null> => {
    const values = idHash ? await redis.hmget(keyOf(model, idHash), 'sealed', 'uses') : []
    return values[0] ? Number(values[1] ?? 0) : null
  }

  const findThrough = async (model: string, index: string): Promise<StoredArtefact | undefined> => {
    const idHash = await redis.get(index)
    return idHash ? await find(model, idHash) : undefined
  }

  const save = async (model: string, idHash: string, artefact: NewArtefact): Promise<void> => {
    const key = keyOf(model, idHash)
    const lifetime = artefact.lifetime * 1000
    const { grantHash, uidHash, userCodeHash } = artefact
    // One connection keeps the order: a token is in its grant's list before it can be found.
    await Promise.all([
      grantHash && run('join', keyOf('Grant', grantHash).concat(':members'), key, lifetime),
      run('save', key, artefact.sealed, lifetime),
      uidHash && redis.set(keyOf(`${model}:uid`, uidHash), idHash, 'PX', lifetime),
      userCodeHash && redis.set(keyOf(`${model}:userCode`, userCodeHash), idHash, 'PX', lifetime),
    ])
  }

  return {
    save,
    find,
    findByUid: (model, uidHash) => findThrough(model, keyOf(`${model}:uid`, uidHash)),
    findByUserCode: (model, userCodeHash) => findThrough(model, keyOf(`${model}:userCode`, userCodeHash)),
    async consume(model, idHash, seenUses) {
      const outcome = await run('consume', keyOf(model, idHash), seenUses)
      if (typeof outcome === 'string') await run('supersede', keyOf(model, outcome))
      return outcome !== 0
    },
    async answer(model, idHash, successorHash) {
      await run('answer', keyOf(model, idHash), successorHash)
    },
    async remove(model, idHash) {
      await redis.del(keyOf(model, idHash))
    },
    async removeByGrant(grantHash) {
      const list = keyOf('Grant', grantHash).concat(':members')
      const members = await redis.smembers(list)
      await Promise.all(members.map((member) => redis.del(member)))
      await redis.del(list)
    },
  }
}
