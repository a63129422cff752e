import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Config } from '../../config.ts'
import { StartUpError } from '../../errors.ts'
import { createRedis, type RedisGateway } from '../../gateways/redis/redis.ts'

/** Milliseconds that a start waits for Redis: a fail-over may be under way. */
const patience = 5_000

/**
 * Connects to the Redis of REDIS_URL; undefined without one. One that goes away later shows in health and in the log.
 * @throws StartUpError when it cannot be reached
 */
export async function connectRedis({ redis: settings }: Config, log: Logger): Promise<RedisGateway | undefined> {
  const { url } = settings
  if (!url) return undefined
  const redis = createRedis({
    ...settings,
    url,
    onAway: (err) => log.error({ err }, 'Redis cannot be reached'),
    onBack: () => log.info('Redis answers again'),
  })
  const end = performance.now() + patience
  for (;;) {
    try {
      await redis.ping()
      return redis
    } catch (error) {
      const { cause } = error as Error
      const refusal = explain(cause)
      if (refusal || performance.now() > end) {
        await redis.close()
        throw new StartUpError(refusal ?? 'Redis cannot be reached. Check REDIS_URL and that the server runs.', {
          cause,
        })
      }
      await wait(200)
    }
  }
}

/** Faults that waiting does not mend. */
function explain(cause: unknown): string | undefined {
  const { message = '', code = '' } = (cause ?? {}) as { message?: string; code?: string }
  if (/NOAUTH|WRONGPASS|NOPERM/.test(message))
    return 'Redis refuses the user or the password. Check REDIS_URL and the rights of its user.'
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code))
    return `The certificate of Redis does not fit (${code}). Set REDIS_TLS_CA to the authority that signed it.`
  return undefined
}
