import { z } from 'zod'
import { parseRedisAddress } from '../../domain/network/redis-address.ts'
import { alsoFromFile, flag } from './types.ts'

const milliseconds = (usual: number) => z.coerce.number().int().min(0).max(3_600_000).default(usual)

/** PostgreSQL and Redis. */
export const storeSettings = {
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must begin with postgres://')
    .optional()
    .meta(
      alsoFromFile(
        '`postgres://…`, PostgreSQL 15 or newer, one or several hosts; unset: embedded; required in production',
      ),
    ),
  DATABASE_POOL: z.coerce.number().int().min(2).default(10).describe('PostgreSQL connections per process'),
  DATABASE_CONNECT_TIMEOUT: milliseconds(5_000).describe('milliseconds to connect to PostgreSQL'),
  DATABASE_STATEMENT_TIMEOUT: milliseconds(15_000).describe(
    'milliseconds after which PostgreSQL ends a statement of the service; 0: never. Commands of the operator have no limit',
  ),
  DATABASE_LOCK_TIMEOUT: milliseconds(5_000).describe('milliseconds that a statement waits for a lock; 0: for ever'),
  DATABASE_IDLE_TIMEOUT: milliseconds(30_000).describe(
    'milliseconds after which PostgreSQL ends a transaction in which nothing happens; 0: never',
  ),
  DATABASE_PREPARED_STATEMENTS: flag
    .default(true)
    .describe('`false`: for a pooler in front of PostgreSQL that keeps no prepared statements'),
  MIGRATE_ON_START: flag
    .default(true)
    .describe('`false`: a start with pending migrations is refused, because `db:migrate` runs as a job of its own'),
  REDIS_URL: z
    .string()
    .superRefine((url, context) => {
      try {
        parseRedisAddress(url)
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message })
      }
    })
    .optional()
    .meta(
      alsoFromFile(
        '`redis://…`, `rediss://…`, `redis+sentinel://…` or `redis+cluster://…`: store of OIDC artefacts and short counters; unset: PostgreSQL',
      ),
    ),
  REDIS_TLS_CA: z
    .string()
    .optional()
    .describe('PEM file of the authority that signed the certificates of Redis; unset: those known to Node'),
  REDIS_SENTINEL_PASSWORD: z.string().optional().meta(alsoFromFile('password of the sentinels, when they have one')),
}
