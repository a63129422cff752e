import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { format, inspect } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../config.ts'
import { StartUpError } from '../errors.ts'

const folder = mkdtempSync(join(tmpdir(), 'aok-'))
afterAll(() => rmSync(folder, { recursive: true }))

const secret = randomBytes(32).toString('base64')
const key = () => `a:${randomBytes(32).toString('base64')}`
const production = {
  NODE_ENV: 'production',
  ISSUER: 'https://anmeldung.example.org',
  HOST: '0.0.0.0',
  DATABASE_URL: 'postgres://db/aok?sslmode=disable',
  COOKIE_KEYS: key(),
  ENCRYPTION_KEYS: key(),
  HASH_KEYS: `a:${secret}`,
  SMTP_URL: 'smtps://mail.example.org',
  SMS_DRIVER: 'http',
  SMS_GATEWAY_URL: 'https://sms.example.org',
  LETTER_DRIVER: 'spool',
  LETTER_SPOOL_DIR: '/var/spool/letters',
}
const development = { DATA_DIR: folder }

describe('loadConfig', () => {
  it('takes a whole production environment', () => {
    const config = loadConfig(production)
    expect(config).toMatchObject({
      production: true,
      sandbox: false,
      issuer: 'https://anmeldung.example.org',
      database: {
        url: 'postgres://db/aok?sslmode=disable',
        poolSize: 10,
        timeouts: { connect: 5000, statement: 15_000, lock: 5000, idleInTransaction: 30_000 },
      },
      sms: { driver: 'http' },
      letters: { driver: 'spool' },
      demo: undefined,
    })
    expect(config.secrets.hashKeys[0].secret).toEqual(Buffer.from(secret, 'base64'))
    expect(Object.isFrozen(config)).toBe(true)
  })

  it('takes the slash at the end of the issuer away', () => {
    expect(loadConfig({ ...production, ISSUER: 'https://anmeldung.example.org/' }).issuer).toBe(production.ISSUER)
  })

  describe('in production refuses', () => {
    it.each(['ISSUER', 'DATABASE_URL', 'COOKIE_KEYS', 'ENCRYPTION_KEYS', 'HASH_KEYS', 'SMTP_URL'])(
      'a missing %s',
      (name) => {
        const variables = { ...production, [name]: undefined }
        expect(() => loadConfig(variables)).toThrow(StartUpError)
        expect(() => loadConfig(variables)).toThrow(
          `${name} is required in production${name === 'ISSUER' ? '.' : ` (or ${name}_FILE)`}`,
        )
      },
    )

    it.each([
      ['an issuer without TLS', { ISSUER: 'http://anmeldung.example.org' }, 'ISSUER must begin with https://'],
      ['the SMS postbox', { SMS_DRIVER: undefined }, 'SMS_DRIVER=postbox is for development'],
      ['the letter postbox', { LETTER_DRIVER: undefined }, 'LETTER_DRIVER=postbox is for development'],
      ['an SMS driver without gateway', { SMS_GATEWAY_URL: undefined }, 'SMS_DRIVER=http needs SMS_GATEWAY_URL'],
      ['SFTP without its settings', { LETTER_DRIVER: 'sftp' }, 'LETTER_DRIVER=sftp needs LETTER_SFTP_HOST_KEYS'],
      ['a spool without folder', { LETTER_SPOOL_DIR: undefined }, 'LETTER_DRIVER=spool needs LETTER_SPOOL_DIR'],
      ['demo redirect addresses', { DEMO_REDIRECT_URIS: 'a=http://b' }, 'DEMO_REDIRECT_URIS is for development'],
      ['a demo secret', { DEMO_CLIENT_SECRET: 'x' }, 'DEMO_CLIENT_SECRET is for development'],
      ['the sandbox', { SANDBOX: 'true' }, 'SANDBOX=true is for development'],
    ])('%s', (_, change, message) => {
      expect(() => loadConfig({ ...production, ...change })).toThrow(message)
    })

    it('several faults in one message', () => {
      expect(() => loadConfig({ NODE_ENV: 'production' })).toThrow(
        /ISSUER.+DATABASE_URL.+SMTP_URL.+SMS_DRIVER.+LETTER_/,
      )
    })
  })

  it('needs a database server for more than one web process', () => {
    expect(() => loadConfig({ ...development, WEB_CONCURRENCY: '2' })).toThrow(
      'WEB_CONCURRENCY above 1 needs DATABASE_URL',
    )
    const variables = { ...development, WEB_CONCURRENCY: '2', DATABASE_URL: 'postgres://db/aok' }
    expect(loadConfig(variables)).toMatchObject({ webConcurrency: 2 })
  })

  it('makes the secrets of development once, for the owner only', () => {
    const [first, second] = [loadConfig(development), loadConfig(development)]
    expect(second.secrets.hashKeys).toEqual(first.secrets.hashKeys)
    expect(second.demo?.clientSecret).toBe(first.demo?.clientSecret)
    const { hashKeys, cookieKeys, encryptionKeys } = first.secrets
    const made = [hashKeys, cookieKeys, encryptionKeys].map(([newest]) => newest.secret.toString('hex'))
    expect(new Set(made).size).toBe(3)
    expect(statSync(join(folder, 'secrets.json')).mode & 0o777).toBe(0o600)
  })

  it('prints secrets as [secret]', () => {
    const { secrets } = loadConfig(production)
    const printed = [
      inspect(secrets),
      JSON.stringify(secrets),
      format('%o', secrets),
      inspect({ secrets }, { depth: 9 }),
    ]
    for (const text of printed) {
      expect(text).toContain('[secret]')
      expect(text).not.toContain(secret)
    }
  })
})

describe('the stream of audit events', () => {
  const url = 'https://siem.example.org/events'
  it.each([
    ['must begin with https://', { AUDIT_STREAM_URL: 'ftp://siem.example.org' }],
    ['must hold no user name', { AUDIT_STREAM_URL: 'https://a:b@siem.example.org' }],
    ['a host and a port', { AUDIT_STREAM_URL: 'syslog+tls://siem.example.org/path' }],
    ['AUDIT_STREAM_TOKEN needs AUDIT_STREAM_URL', { AUDIT_STREAM_TOKEN: 'x' }],
    ['visible characters', { AUDIT_STREAM_URL: url, AUDIT_STREAM_TOKEN: 'a\r\nb' }],
    ['syslog knows no token', { AUDIT_STREAM_URL: 'syslog+tls://siem.example.org', AUDIT_STREAM_TOKEN: 'x' }],
    ['cannot be read', { AUDIT_STREAM_URL: url, AUDIT_STREAM_CA_FILE: '/nowhere.pem' }],
    ['must be set together', { AUDIT_STREAM_URL: url, AUDIT_STREAM_CERT_FILE: import.meta.filename }],
    [
      'the audit log and AUDIT_STREAM_TOKEN over',
      { AUDIT_STREAM_URL: 'http://siem.example.org', AUDIT_STREAM_TOKEN: 'x' },
    ],
    ['AUDIT_STREAM_URL would carry', { AUDIT_STREAM_URL: 'syslog+tcp://siem.example.org:601' }],
  ])('says "%s"', (words, settings) => {
    expect(() => loadConfig({ ...production, ...settings })).toThrow(words)
  })

  it('is read, in clear to this machine only, and its token never printed', () => {
    const config = loadConfig({ ...production, AUDIT_STREAM_URL: url, AUDIT_STREAM_TOKEN: 'token-of-the-receiver' })
    expect(config.auditStream).toMatchObject({ url: new URL(url), token: 'token-of-the-receiver' })
    expect(inspect(config) + JSON.stringify(config)).not.toContain('token-of-the-receiver')
    expect(loadConfig({ ...production, AUDIT_STREAM_URL: 'syslog+tcp://[::1]:601' }).auditStream?.token).toBeUndefined()
    expect(loadConfig(production).auditStream).toBeUndefined()
  })
})
