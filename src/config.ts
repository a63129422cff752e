import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { auditStreamFaults, loadAuditStream } from './config/audit-stream.ts'
import { loadDevelopmentSecrets } from './config/development-secrets.ts'
import { emailFaults, loadEmail } from './config/email.ts'
import { type Environment, readEnvironment } from './config/environment.ts'
import { loadConfigFiles } from './config/files.ts'
import { letterFaults, loadLetters } from './config/letters.ts'
import { findUnsafe } from './config/safety.ts'
import { loadSms, type SmsConfig, smsFaults } from './config/sms.ts'
import { telemetryOf } from './config/telemetry.ts'
import { type KeyRing, parseKeyRing } from './crypto/key-ring.ts'
import { StartUpError } from './errors.ts'

export type Config = Readonly<ReturnType<typeof buildConfig>>

/**
 * Builds the one frozen configuration object from the environment and the files in CONFIG_DIR.
 * This file is the only reader of `process.env`.
 * @throws StartUpError with one message that names every fault and its mend.
 */
export function loadConfig(
  variables: NodeJS.ProcessEnv = process.env,
  nodeOptions: readonly string[] = process.execArgv,
): Config {
  const { environment, faulty } = readEnvironment(variables)
  const configDir = environment.CONFIG_DIR ?? fileURLToPath(new URL('../config', import.meta.url))
  const faults = [...faulty.values()]
  const read = <T>(load: () => T): T | undefined => {
    try {
      return load()
    } catch (error) {
      if (!(error instanceof StartUpError)) throw error
      faults.push(error.message.replace(/\.$/, ''))
      return undefined
    }
  }
  const files = read(() => loadConfigFiles(configDir))
  const sms = read(() => loadSms(environment, configDir, variables))
  const unsafe = findUnsafe({ environment, variables, nodeOptions, sms }, new Set(faulty.keys()))
  faults.push(...unsafe.flatMap((finding) => ('fault' in finding ? [finding.fault] : [])))
  faults.push(...processFaults(environment))
  faults.push(...smsFaults(environment), ...emailFaults(environment), ...letterFaults(environment))
  faults.push(...auditStreamFaults(environment))
  if (faults.length > 0 || !files || !sms) throw new StartUpError(`${faults.join('. ')}.`)
  const risks = unsafe.flatMap((finding) => ('risk' in finding ? [finding] : []))
  return Object.freeze(hideSecrets(buildConfig({ environment, variables, configDir, files, sms, risks })))
}

/**
 * Builds the configuration of a service process; `--role` among its arguments wins over the environment.
 * @throws StartUpError as `loadConfig`, and for an unknown argument.
 */
export function loadProcessConfig(args: string[]): Config {
  try {
    const { values } = parseArgs({ args, options: { role: { type: 'string' } } })
    return loadConfig(values.role === undefined ? process.env : { ...process.env, ROLE: values.role })
  } catch (error) {
    if (!String((error as { code?: string }).code).startsWith('ERR_PARSE_ARGS')) throw error
    throw new StartUpError(`${(error as Error).message} The service knows --role web, worker or both.`)
  }
}

/** What one process on the embedded database cannot be. */
function processFaults({ WEB_CONCURRENCY, ROLE, DATABASE_URL }: Environment): string[] {
  if (DATABASE_URL) return []
  const faults: string[] = []
  if (WEB_CONCURRENCY > 1)
    faults.push('WEB_CONCURRENCY above 1 needs DATABASE_URL, because the embedded database serves one web process')
  if (ROLE !== 'both')
    faults.push(`ROLE=${ROLE} needs DATABASE_URL, because the embedded database serves one process that does both`)
  return faults
}

type Parts = {
  environment: Environment
  variables: NodeJS.ProcessEnv
  configDir: string
  files: ReturnType<typeof loadConfigFiles>
  sms: SmsConfig
  risks: { setting: string; risk: string }[]
}

function buildConfig({ environment, variables, configDir, files, sms, risks }: Parts) {
  const production = environment.NODE_ENV === 'production'
  const development = production ? undefined : loadDevelopmentSecrets(environment.DATA_DIR)
  const ring = (given: KeyRing | undefined, own: string | undefined) => given ?? parseKeyRing(own ?? '')
  return {
    production,
    sandbox: environment.SANDBOX,
    /** Unset: follows the port (development). */
    issuer: environment.ISSUER?.replace(/\/$/, ''),
    host: environment.HOST,
    port: environment.PORT,
    demoPort: environment.DEMO_PORT,
    dataDir: environment.DATA_DIR,
    configDir,
    database: environment.DATABASE_URL
      ? {
          url: environment.DATABASE_URL,
          poolSize: environment.DATABASE_POOL,
          timeouts: databaseTimeouts(environment),
          prepare: environment.DATABASE_PREPARED_STATEMENTS,
        }
      : { dataDir: environment.DATA_DIR },
    migrateOnStart: environment.MIGRATE_ON_START,
    redis: {
      url: environment.REDIS_URL,
      caFile: environment.REDIS_TLS_CA,
      sentinelPassword: environment.REDIS_SENTINEL_PASSWORD,
    },
    webConcurrency: environment.WEB_CONCURRENCY,
    role: environment.ROLE,
    /** Seconds. */
    /** Who gives commands on the command line. */
    operator: environment.OPERATOR,
    operatorToken: environment.OPERATOR_TOKEN,
    drain: { delay: environment.DRAIN_DELAY, timeout: environment.DRAIN_TIMEOUT },
    trustedProxies: environment.TRUST_PROXY,
    privateClientHosts: environment.CLIENT_PRIVATE_HOSTS ?? (production ? [] : ['localhost', '127.0.0.1', '::1']),
    secrets: hide(
      {
        cookieKeys: ring(environment.COOKIE_KEYS, development?.cookieKeys),
        encryptionKeys: ring(environment.ENCRYPTION_KEYS, development?.encryptionKeys),
        hashKeys: ring(environment.HASH_KEYS, development?.hashKeys),
      },
      () => '[secret]',
    ),
    email: loadEmail(environment),
    sms,
    letters: loadLetters(environment),
    auditStream: loadAuditStream(environment),
    logLevel: environment.LOG_LEVEL,
    metricsPort: environment.METRICS_PORT,
    admin: {
      port: environment.ADMIN_PORT,
      url: environment.ADMIN_URL ?? (environment.ADMIN_PORT ? `http://localhost:${environment.ADMIN_PORT}` : undefined),
      networks: environment.ADMIN_NETWORKS,
    },
    telemetry: telemetryOf(variables),
    addressLimitFactor: environment.IP_LIMIT_FACTOR,
    demo: development && {
      clientSecret: environment.DEMO_CLIENT_SECRET ?? development.demoClientSecret,
      redirectUris: environment.DEMO_REDIRECT_URIS,
    },
    /** What `clients.yaml` may name as `env:NAME`. */
    variables,
    /** What is told at every start, because it is safe in some places only. */
    risks,
    ...files,
  }
}

/** Milliseconds. */
function databaseTimeouts(environment: Environment) {
  return {
    connect: environment.DATABASE_CONNECT_TIMEOUT,
    statement: environment.DATABASE_STATEMENT_TIMEOUT,
    lock: environment.DATABASE_LOCK_TIMEOUT,
    idleInTransaction: environment.DATABASE_IDLE_TIMEOUT,
  }
}

/** Keeps secrets and addresses that hold passwords out of logs and error reports, whoever prints the object. */
function hideSecrets<T extends object>(config: T): T {
  const secret = ['secrets', 'operatorToken', 'variables', 'database', 'redis', 'email', 'sms', 'auditStream', 'demo']
  const print = () =>
    Object.fromEntries(Object.entries(config).map(([key, value]) => [key, secret.includes(key) ? '[secret]' : value]))
  return hide(config, print)
}

function hide<T extends object>(object: T, print: () => unknown): T {
  const inspect = Symbol.for('nodejs.util.inspect.custom')
  return Object.defineProperties(object, { toJSON: { value: print }, [inspect]: { value: print } })
}
