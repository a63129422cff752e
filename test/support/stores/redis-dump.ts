import { Redis } from 'ioredis'

/** Reads every key of a database of Redis with what it holds, whatever its type. */
export async function scanRedis(url: string): Promise<{ key: string; text: string }[]> {
  const redis = new Redis(url)
  try {
    const found = []
    for (const key of await redis.keys('*')) {
      const type = await redis.type(key)
      const value =
        type === 'hash'
          ? await redis.hgetall(key)
          : type === 'zset'
            ? await redis.zrange(key, '0', '-1')
            : type === 'set'
              ? await redis.smembers(key)
              : await redis.get(key)
      found.push({ key, text: JSON.stringify(value) })
    }
    return found
  } finally {
    redis.disconnect()
  }
}
