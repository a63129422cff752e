import { z } from 'zod'
import { alsoFromFile } from './types.ts'

/** PostgreSQL and Redis. */
export const storeSettings = {
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must begin with postgres://')
    .optional()
    .meta(alsoFromFile('`postgres://…`, PostgreSQL 15 or newer; unset: embedded; required in production')),
  DATABASE_POOL: z.coerce.number().int().min(2).default(10).describe('PostgreSQL connections per process'),
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'must begin with redis://')
    .optional()
    .meta(alsoFromFile('`redis://…` or `rediss://…`: store of OIDC artefacts; unset: PostgreSQL')),
}
