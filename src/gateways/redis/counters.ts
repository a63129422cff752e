import { Cluster } from 'ioredis'
import { StoreAway } from '../../errors.ts'
import type { CounterStore } from '../limiter.ts'
import type { RedisGateway } from './redis.ts'

/** Milliseconds that a counter outlives its end by the machine's clock: its end is decided by the clock that is passed in. */
const margin = 60 * 60 * 1000

const scripts = {
  /** KEYS[1]; ARGV: points, now, expire or '', force, lifetime in ms or ''. */
  addToCounter: `local points, expire = tonumber(ARGV[1]), ARGV[3]
    local old = redis.call('HMGET', KEYS[1], 'points', 'expire')
    local ended = old[1] and old[2] ~= '' and tonumber(old[2]) <= tonumber(ARGV[2])
    if old[1] and not ended and ARGV[4] == '0' then
      return {redis.call('HINCRBY', KEYS[1], 'points', points), old[2]} end
    redis.call('HSET', KEYS[1], 'points', points, 'expire', expire)
    if ARGV[5] == '' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[5]) end
    return {points, expire}`,
  /** KEYS[1]; ARGV: now. */
  readCounter: `local old = redis.call('HMGET', KEYS[1], 'points', 'expire')
    if not old[1] or (old[2] ~= '' and tonumber(old[2]) <= tonumber(ARGV[1])) then return false end
    return old`,
  /** KEYS[1]; ARGV: now. */
  takeBackFromCounter: `local old = redis.call('HMGET', KEYS[1], 'points', 'expire')
    if not old[1] or tonumber(old[1]) < 1 then return 0 end
    if old[2] ~= '' and tonumber(old[2]) <= tonumber(ARGV[1]) then return 0 end
    return redis.call('HINCRBY', KEYS[1], 'points', -1)`,
  removeCounter: `return redis.call('DEL', KEYS[1])`,
}

/** Counters in Redis, one key each, every change one script, so that requests at once never lose a count. */
export function createRedisCounters(redis: RedisGateway, prefix = 'meine-aok:limit:') {
  const runScript = redis.define(scripts)
  const read = (answer: unknown) => {
    const [points, expire] = answer as [string | number, string]
    return { points: Number(points), expire: expire === '' ? null : Number(expire) }
  }
  return {
    add(key, points, now, expire, force) {
      const lifetime = expire === null ? '' : Math.max(expire - now, 0) + margin
      const values = [points, now, expire ?? '', force ? 1 : 0, lifetime]
      return redis.run(async (client) => read(await runScript(client, 'addToCounter', prefix + key, ...values)))
    },
    get: (key, now) =>
      redis.run(async (client) => {
        const answer = await runScript(client, 'readCounter', prefix + key, now)
        return answer ? read(answer) : null
      }),
    takeBack: (key, now) =>
      redis.run(async (client) => void (await runScript(client, 'takeBackFromCounter', prefix + key, now))),
    remove: (key) => redis.run(async (client) => (await runScript(client, 'removeCounter', prefix + key)) === 1),
    /** Forgets every counter (the development clock was set back). */
    deleteAll: () =>
      redis.run(async (client) => {
        for (const node of client instanceof Cluster ? client.nodes('master') : [client])
          for await (const keys of node.scanStream({ match: `${prefix}*`, count: 1000 }))
            await Promise.all((keys as string[]).map((key) => client.del(key)))
      }),
  } satisfies CounterStore & { deleteAll(): Promise<void> }
}

/** Counts in `usual`, and in `other` while `usual` is away: no limit vanishes, nobody is locked out. */
export function createFallingBackCounters(usual: CounterStore, other: CounterStore): CounterStore {
  const ask = async <T>(question: (store: CounterStore) => Promise<T>): Promise<T> => {
    try {
      return await question(usual)
    } catch (error) {
      if (!(error instanceof StoreAway)) throw error
      return await question(other)
    }
  }
  return {
    add: (...given) => ask((store) => store.add(...given)),
    get: (...given) => ask((store) => store.get(...given)),
    takeBack: (...given) => ask((store) => store.takeBack(...given)),
    remove: (...given) => ask((store) => store.remove(...given)),
  }
}
