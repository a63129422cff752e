import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../config.ts'
import { isWeakKey, isWeakWord } from './weak-secrets.ts'

const folder = mkdtempSync(join(tmpdir(), 'aok-'))
cpSync(fileURLToPath(new URL('../../config', import.meta.url)), folder, { recursive: true })
afterAll(() => rmSync(folder, { recursive: true }))

type Settings = Record<string, string | undefined>

const drawn = () => randomBytes(32)
const ring = (...keys: Buffer[]) => keys.map((key, index) => `k${index}:${key.toString('base64')}`).join(',')
const production: Settings = {
  NODE_ENV: 'production',
  ISSUER: 'https://anmeldung.example.org',
  CONFIG_DIR: folder,
  DATABASE_URL: 'postgres://aok:Ufer-9-Birke@db.example.org/aok?sslmode=verify-full',
  REDIS_URL: 'rediss://:Ufer-9-Birke@redis.example.org',
  COOKIE_KEYS: ring(drawn()),
  ENCRYPTION_KEYS: ring(drawn(), drawn()),
  HASH_KEYS: ring(drawn()),
  SMTP_URL: 'smtps://mail.example.org',
  SMS_DRIVER: 'http',
  SMS_GATEWAY_URL: 'https://sms.example.org/send',
  LETTER_DRIVER: 'spool',
  LETTER_SPOOL_DIR: '/var/spool/letters',
  TRUST_PROXY: 'true',
}
const risksOf = (change: Settings) => loadConfig({ ...production, ...change }).risks.map(({ setting }) => setting)

/** `sms.yaml` with one gateway. */
function gateway(entry: object): Settings {
  const whole = { body: { type: 'json', fields: { to: '{{to}}' } }, ...entry }
  const { body, ...others } = whole
  const given = (entry as { driver: string }).driver === 'smpp' ? others : whole
  writeFileSync(join(folder, 'sms.yaml'), JSON.stringify({ gateways: { second: given } }))
  return { SMS_DRIVER: 'gateways', RECEIPTS: randomBytes(24).toString('hex') }
}
const http = (url: string, more: object = {}) => gateway({ driver: 'http', url, ...more })
const smpp = (url: string) => gateway({ driver: 'smpp', url, systemId: 'aok', password: { from: 'env:RECEIPTS' } })
const receipts = (secret: string) => ({
  ...http('https://sms.example.org', {
    receipts: {
      authentication: { type: 'token', secret: { from: 'env:RECEIPTS' }, header: 'X-Token' },
      messageId: 'id',
      state: 'state',
      states: {},
    },
  }),
  RECEIPTS: secret,
})
const traces = (more: Settings) => ({ OTEL_SERVICE_NAME: 'x', ...more })

it('production as it should be has no fault and no risk', () => {
  expect(risksOf({})).toEqual([])
})

describe('production refuses', () => {
  const key = drawn()
  const bounces = randomBytes(32).toString('base64')
  it.each<[string, string, Settings | (() => Settings)]>([
    // Connections in clear, to another machine or to what only looks like this one.
    ['SMS_GATEWAY_URL', 'would carry', { SMS_GATEWAY_URL: 'http://sms.example.org/send' }],
    ['SMS_GATEWAY_URL', 'would carry', { SMS_GATEWAY_URL: 'http://localhost.example.org/send' }],
    ['SMS_GATEWAY_URL', 'would carry', { SMS_GATEWAY_URL: 'http://127.0.0.1.example.org/send' }],
    ['SMS_GATEWAY_URL', 'would carry', { SMS_GATEWAY_URL: 'http://10.0.0.7/send' }],
    ['gateways.second.url', 'would carry', () => http('http://sms.example.org')],
    ['gateways.second.url', 'would carry', () => http('http://localhost:80@sms.example.org')],
    ['gateways.second.url', 'would carry', () => http('http://localhost.example.org')],
    ['gateways.second.url', 'would carry', () => smpp('smpp://smsc.example.org:2775')],
    ['REDIS_URL', 'would carry', { REDIS_URL: 'redis://redis.example.org' }],
    ['REDIS_URL', 'would carry', { REDIS_URL: 'redis+sentinel://127.0.0.1,10.0.0.2/main' }],
    ['REDIS_URL', 'would carry', { REDIS_URL: 'redis+cluster://10.0.0.1,10.0.0.2' }],
    ['DATABASE_URL', 'sslmode=verify-full', { DATABASE_URL: 'postgres://db.example.org/aok' }],
    ['DATABASE_URL', 'would carry', { DATABASE_URL: 'postgres://localhost,10.0.0.2/aok' }],
    [
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'token',
      traces({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://10.0.0.3:4318', OTEL_EXPORTER_OTLP_HEADERS: 'a=b' }),
    ],
    [
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'token in it',
      traces({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://aok:geheim@10.0.0.3:4318' }),
    ],
    ['PLAIN_CONNECTIONS', 'no connection', { PLAIN_CONNECTIONS: 'REDIS_URI' }],
    // Addresses that mean something else than they say.
    ['ISSUER', 'https://', { ISSUER: 'http://anmeldung.example.org' }],
    ['ISSUER', 'query', { ISSUER: 'https://anmeldung.example.org/?a=b' }],
    ['ISSUER', 'query', { ISSUER: 'https://anmeldung.example.org?' }],
    ['ISSUER', 'fragment', { ISSUER: 'https://anmeldung.example.org/#x' }],
    ['ISSUER', 'user name', { ISSUER: 'https://aok:geheim@anmeldung.example.org' }],
    ['ISSUER', 'user name', { ISSUER: 'https://aok@anmeldung.example.org' }],
    ['ISSUER', 'path', { ISSUER: 'https://example.org/anmeldung' }],
    ['ISSUER', 'path', { ISSUER: 'https://example.org//' }],
    ['ISSUER', 'https://anmeldung.example.org', { ISSUER: 'https://Anmeldung.example.org' }],
    ['ISSUER', 'https://anmeldung.example.org', { ISSUER: 'https://anmeldung.example.org:443' }],
    ['SMTP_URL', 'tls.rejectUnauthorized', { SMTP_URL: 'smtps://mail.example.org?tls.rejectUnauthorized=false' }],
    ['SMTP_URL', 'ignoreTLS', { SMTP_URL: 'smtp://mail.example.org/?ignoreTLS=true' }],
    ['SMS_GATEWAY_URL', 'user name', { SMS_GATEWAY_URL: 'https://aok:geheim@sms.example.org' }],
    ['SMS_GATEWAY_URL', 'https://', { SMS_GATEWAY_URL: 'ftp://sms.example.org' }],
    ['gateways.second.url', 'user name', () => http('https://aok@sms.example.org')],
    ['LETTER_SPOOL_DIR', 'absolute', { LETTER_SPOOL_DIR: 'letters' }],
    ['METRICS_PORT', 'differ', { METRICS_PORT: '3000' }],
    ['ADMIN_PORT', 'differ', { ADMIN_PORT: '3000', ADMIN_URL: 'https://konsole.example.org' }],
    ['ADMIN_URL', 'address at which staff', { ADMIN_PORT: '3002' }],
    ['ADMIN_URL', 'path', { ADMIN_URL: 'https://konsole.example.org/admin' }],
    ['ADMIN_URL', 'https://', { ADMIN_URL: 'http://konsole.example.org' }],
    // Secrets that can be guessed, or that are one.
    ['COOKIE_KEYS', 'guessed', { COOKIE_KEYS: ring(Buffer.alloc(32)) }],
    ['ENCRYPTION_KEYS', 'key k1', { ENCRYPTION_KEYS: ring(drawn(), Buffer.alloc(32, 255)) }],
    ['HASH_KEYS', 'guessed', { HASH_KEYS: ring(Buffer.from('hunter2 hunter2 hunter2 hunter2!')) }],
    ['HASH_KEYS', 'guessed', { HASH_KEYS: ring(Buffer.from(Array.from({ length: 32 }, (_, index) => index))) }],
    ['COOKIE_KEYS', 'guessed', { COOKIE_KEYS: ring(Buffer.concat([key.subarray(16), key.subarray(16)])) }],
    ['ENCRYPTION_KEYS', 'same secret as COOKIE_KEYS', { COOKIE_KEYS: ring(key), ENCRYPTION_KEYS: ring(drawn(), key) }],
    ['HASH_KEYS', 'same secret as ENCRYPTION_KEYS', { ENCRYPTION_KEYS: ring(key), HASH_KEYS: ring(key) }],
    ['HASH_KEYS', 'same secret as HASH_KEYS', { HASH_KEYS: ring(key, key) }],
    ['EMAIL_BOUNCE_SECRET', 'guessed', { EMAIL_BOUNCE_SECRET: 'x'.repeat(40) }],
    ['EMAIL_BOUNCE_SECRET', 'guessed', { EMAIL_BOUNCE_SECRET: 'please-change-me-before-you-go-live-1' }],
    ['EMAIL_BOUNCE_SECRET', 'guessed', { EMAIL_BOUNCE_SECRET: '0123456789abcdef0123456789abcdef' }],
    ['EMAIL_BOUNCE_SECRET', 'same secret as HASH_KEYS', { HASH_KEYS: `a:${bounces}`, EMAIL_BOUNCE_SECRET: bounces }],
    ['gateways.second.receipts', 'guessed', () => receipts('kurz')],
    [
      'gateways.second.receipts',
      'same secret as EMAIL_BOUNCE_SECRET',
      () => ({ ...receipts(bounces), EMAIL_BOUNCE_SECRET: bounces }),
    ],
    // Switches of development, of Node and of the libraries.
    ['SANDBOX', 'development', { SANDBOX: 'true' }],
    ['DEMO_CLIENT_SECRET', 'development', { DEMO_CLIENT_SECRET: 'x' }],
    ['NODE_TLS_REJECT_UNAUTHORIZED', 'every certificate', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
    ['DEBUG', 'print', { DEBUG: 'knex:bindings' }],
    ['NODE_DEBUG', 'print', { NODE_DEBUG: 'http' }],
    ['NODE_DEBUG_NATIVE', 'print', { NODE_DEBUG_NATIVE: 'http' }],
    ['NODE_OPTIONS', '--inspect', { NODE_OPTIONS: '--max-old-space-size=900 --inspect=0.0.0.0' }],
    ['NODE_OPTIONS', '--inspect', { NODE_OPTIONS: '"--inspect-brk"' }],
    ['NODE_OPTIONS', '--tls-min', { NODE_OPTIONS: '--tls-min-v1.0' }],
    ['NODE_OPTIONS', '--tls-keylog', { NODE_OPTIONS: '--tls_keylog=/tmp/keys' }],
  ])('%s: %s (%#)', (setting, words, given) => {
    const change = typeof given === 'function' ? given() : given
    const refused = () => loadConfig({ ...production, ...change })
    expect(refused).toThrow(new RegExp(`(^|\\. )${setting.replaceAll('.', '\\.')}.*${words}`))
    // The message repeats no secret.
    expect(refused).not.toThrow(/geheim|hunter2|go-live/)
  })

  it.each(['--inspect', '--inspect=0.0.0.0:9229', '--insecure-http-parser', '--tls-min-v1.1', '--security-revert=x'])(
    '%s in the command that starts it, as in NODE_OPTIONS',
    (option) => {
      expect(() => loadConfig(production, ['--max-old-space-size=900', option])).toThrow(
        /NODE_OPTIONS \(or the command\)/,
      )
      expect(() => loadConfig({ ...production, NODE_ENV: 'development' }, [option])).not.toThrow(/NODE_OPTIONS/)
      expect(loadConfig(production, ['--max-old-space-size=900', '--enable-source-maps']).risks).toEqual([])
    },
  )

  it('everything at once, each by its name', () => {
    const wrong = {
      PORT: 'achtzig',
      ISSUER: 'http://anmeldung.example.org?x',
      REDIS_URL: 'redis://redis.example.org',
      COOKIE_KEYS: ring(Buffer.alloc(32)),
      SMS_DRIVER: undefined,
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
    }
    const all = /PORT: .*ISSUER .*REDIS_URL .*COOKIE_KEYS .*NODE_TLS_REJECT_UNAUTHORIZED.*SMS_DRIVER/
    expect(() => loadConfig({ ...production, ...wrong })).toThrow(all)
  })
})

describe('production starts and tells', () => {
  it.each<[string, Settings | (() => Settings)]>([
    ['REDIS_URL', { REDIS_URL: 'redis://:Ufer-9-Birke@redis', PLAIN_CONNECTIONS: 'REDIS_URL' }],
    ['SMS_GATEWAY_URL', { SMS_GATEWAY_URL: 'http://sms.mesh', PLAIN_CONNECTIONS: 'SMS_GATEWAY_URL' }],
    ['gateways.second.url', () => ({ ...smpp('smpp://10.0.0.4:2775'), PLAIN_CONNECTIONS: 'gateways.second.url' })],
    ['SMTP_URL', { SMTP_URL: 'smtp://mail.example.org', SMTP_TLS: 'optional' }],
    ['DATABASE_URL', { DATABASE_URL: 'postgres://a:Ufer-9-Birke@db/aok?sslmode=disable' }],
    ['DATABASE_URL', { DATABASE_URL: 'postgres://a:Ufer-9-Birke@db/aok?sslmode=require' }],
    ['DATABASE_URL', { DATABASE_URL: 'postgres://db/aok?sslmode=verify-full' }],
    ['REDIS_URL', { REDIS_URL: 'rediss://redis.example.org' }],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', traces({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' })],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', traces({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318' })],
    ['ISSUER', { ISSUER: 'https://localhost:8443' }],
    ['ISSUER', { ISSUER: 'https://192.0.2.7' }],
    ['IP_LIMIT_FACTOR', { IP_LIMIT_FACTOR: '1000' }],
    ['TRUST_PROXY', { TRUST_PROXY: undefined }],
    ['TRUST_PROXY', { TRUST_PROXY: '0' }],
    ['LOG_LEVEL', { LOG_LEVEL: 'trace' }],
    ['LOG_LEVEL', { LOG_LEVEL: 'silent' }],
  ])('%s (%#)', (setting, given) => {
    expect(risksOf(typeof given === 'function' ? given() : given)).toEqual([setting])
  })

  it.each<[string, Settings | (() => Settings)]>([
    [
      'stores, relay and gateway on this machine',
      {
        DATABASE_URL: 'postgres://127.0.0.1/aok',
        REDIS_URL: 'redis://[::1]',
        SMTP_URL: 'smtp://localhost',
        SMS_GATEWAY_URL: 'http://127.0.0.1:9/',
      },
    ],
    ['STARTTLS', { SMTP_URL: 'smtp://mail.example.org' }],
    ['the name that the relay is told', { SMTP_URL: 'smtps://mail.example.org?name=aok.example.org' }],
    ['a gateway over TLS', () => smpp('smpps://smsc.example.org:3550')],
    ['a strong secret of receipts', () => receipts(randomBytes(32).toString('base64url'))],
    [
      'traces over TLS',
      traces({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector:4318', OTEL_EXPORTER_OTLP_HEADERS: 'a=b' }),
    ],
    ['no debugging', { DEBUG: '0', NODE_DEBUG: '' }],
  ])('nothing of %s', (_, given) => {
    const told = risksOf(typeof given === 'function' ? given() : given)
    expect(told).toEqual([])
  })
})

describe('development', () => {
  const development: Settings = { DATA_DIR: join(folder, 'data') }
  it.each<[string, Settings]>([
    ['HOST', { HOST: '0.0.0.0' }],
    ['HOST', { HOST: '::' }],
    ['HOST', { HOST: '192.168.0.10' }],
    ['HOST', { HOST: 'host.example.org' }],
    ['ISSUER', { ISSUER: 'https://anmeldung.example.org' }],
    ['ISSUER', { ISSUER: 'http://192.168.0.10:3000', NODE_ENV: 'development' }],
    ['ISSUER', { ISSUER: 'https://localhost.example.org', NODE_ENV: 'test' }],
    ['TRUST_PROXY', { TRUST_PROXY: 'true' }],
    ['TRUST_PROXY', { TRUST_PROXY: 'true', ISSUER: 'http://localhost:3000', NODE_ENV: '' }],
    ['TRUST_PROXY', { TRUST_PROXY: '2' }],
    ['TRUST_PROXY', { TRUST_PROXY: '10.0.0.0/8' }],
  ])('does not start beyond this machine, except as a sandbox: %s (%#)', (setting, change) => {
    const given = { ...development, ...change }
    expect(() => loadConfig(given)).toThrow(new RegExp(`^${setting}.*NODE_ENV=production.*SANDBOX=true`))
    expect(loadConfig({ ...given, SANDBOX: 'true' })).toMatchObject({ sandbox: true, production: false })
  })

  it.each<Settings>([
    { HOST: '127.0.0.1' },
    { HOST: '::1' },
    { HOST: 'localhost' },
    { ISSUER: 'http://localhost:3000/' },
    { ISSUER: 'http://127.0.0.1:3000' },
    { ISSUER: 'https://[::1]:3000' },
    { TRUST_PROXY: 'true', NODE_ENV: 'development' },
  ])('starts with %o', (change) => {
    expect(loadConfig({ ...development, ...change })).toMatchObject({ production: false, risks: [] })
  })

  it('takes no issuer of another shape either', () => {
    for (const [ISSUER, word] of [
      ['http://localhost:3000/?a', 'query'],
      ['http://localhost:3000/x', 'path'],
      ['ftp://localhost', 'http'],
    ])
      expect(() => loadConfig({ ...development, ISSUER })).toThrow(word)
  })
})

it('never takes what was drawn for weak', () => {
  for (let time = 0; time < 2000; time++) {
    const key = drawn()
    expect(isWeakKey(key), key.toString('hex')).toBe(false)
    for (const encoding of ['hex', 'base64', 'base64url'] as const)
      expect(isWeakWord(key.toString(encoding)), key.toString(encoding)).toBe(false)
  }
})
