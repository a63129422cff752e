import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { StartUpError } from '../errors.ts'
import { parseKeyRing } from '../gateways/key-ring.ts'

const port = z.coerce.number().int().min(0).max(65535)
const flag = z.enum(['true', 'false']).transform((value) => value === 'true')
const keyRing = z.string().transform((list, context) => {
  try {
    return parseKeyRing(list)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
    return z.NEVER
  }
})

/** Every environment variable once: type, default, unit, purpose (contract.md, "Environment"). */
export const environmentSchema = z.object({
  NODE_ENV: z
    .enum(['development', 'test', 'production'])
    .default('development')
    .describe('production refuses demo parts'),
  ISSUER: z
    .url()
    .optional()
    .describe('issuer identifier, for example https://anmeldung.example.org; required in production'),
  HOST: z.string().default('127.0.0.1').describe('address to listen on; development: loopback only'),
  PORT: port.default(3000).describe('port of the issuer; 0 picks a free one'),
  DEMO_PORT: port.default(3001).describe('port of the demo relying party (development)'),
  DATA_DIR: z.string().default('./data').describe('folder of the embedded database and the development secrets'),
  CONFIG_DIR: z.string().optional().describe('folder with insurer.yaml, deadlines.yaml, limits.yaml, clients.yaml'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must begin with postgres://')
    .optional()
    .describe('PostgreSQL 15+; unset: embedded'),
  DATABASE_POOL: z.coerce.number().int().min(2).default(10).describe('connections per process'),
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'must begin with redis://')
    .optional()
    .describe('store of OIDC artefacts; unset: PostgreSQL'),
  WEB_CONCURRENCY: z.coerce
    .number()
    .int()
    .min(1)
    .default(1)
    .describe('web processes; more than one needs DATABASE_URL'),
  TRUST_PROXY: flag.default(false).describe('take the client address from X-Forwarded-For'),
  COOKIE_KEYS: keyRing.optional().describe('signs cookies: kid:base64 of 32 bytes, newest first'),
  ENCRYPTION_KEYS: keyRing.optional().describe('encrypts personal data'),
  HASH_KEYS: keyRing.optional().describe('blind indexes and one-time codes'),
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\//, 'must begin with smtp:// or smtps://')
    .optional()
    .describe('mail relay; unset: postbox (development)'),
  SMS_DRIVER: z.enum(['postbox', 'http']).default('postbox').describe('how SMS leave'),
  SMS_GATEWAY_URL: z.url().optional().describe('address of the SMS gateway for SMS_DRIVER=http'),
  LETTER_DRIVER: z.enum(['postbox', 'spool']).default('postbox').describe('how print runs leave'),
  LETTER_SPOOL_DIR: z.string().optional().describe('folder for LETTER_DRIVER=spool'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('least severe level to log'),
  METRICS_PORT: port.optional().describe('port of the Prometheus metrics; unset: none'),
  IP_LIMIT_FACTOR: z.coerce.number().positive().default(1).describe('multiplies the per-address limits only'),
  SANDBOX: flag.default(false).describe('development mode on other than loopback addresses; demo persons only'),
  DEMO_REDIRECT_URIS: z.string().optional().describe('clientId=uri, comma-separated (development)'),
  DEMO_CLIENT_SECRET: z.string().optional().describe('secret of the confidential demo clients (development)'),
})

export type Environment = z.infer<typeof environmentSchema>

/** The secrets that may come from a file named by `<NAME>_FILE`. */
const secretNames = [
  'COOKIE_KEYS',
  'ENCRYPTION_KEYS',
  'HASH_KEYS',
  'DATABASE_URL',
  'REDIS_URL',
  'SMTP_URL',
  'SMS_GATEWAY_URL',
] as const

/**
 * Parses the environment; all faults are reported together.
 * @throws StartUpError naming each variable, its fault and its purpose.
 */
export function parseEnvironment(variables: NodeJS.ProcessEnv): Environment {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
  for (const name of secretNames) {
    const path = given[`${name}_FILE`]
    if (!path || given[name]) continue
    try {
      given[name] = readFileSync(path, 'utf8').trim()
    } catch (error) {
      throw new StartUpError(
        `${name}_FILE names ${path}, which cannot be read (${(error as NodeJS.ErrnoException).code}).`,
      )
    }
  }
  const result = environmentSchema.safeParse(given)
  if (result.success) return result.data
  const faults = result.error.issues.map((issue) => {
    const name = String(issue.path[0]) as keyof typeof environmentSchema.shape
    return `${name}: ${issue.message} (${environmentSchema.shape[name]?.description ?? 'see docs/operate.md'})`
  })
  throw new StartUpError(`The settings are not valid. ${faults.join('. ')}.`)
}
