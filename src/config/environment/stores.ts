import { z } from 'zod'
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
  MIGRATE_ON_START: flag
    .default(true)
    .describe('`false`: a start with pending migrations is refused, because `db:migrate` runs as a job of its own'),
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'must begin with redis://')
    .optional()
    .meta(alsoFromFile('`redis://…` or `rediss://…`: store of OIDC artefacts; unset: PostgreSQL')),
}
