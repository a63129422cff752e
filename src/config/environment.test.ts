import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readEnvironment } from './environment.ts'

const folder = mkdtempSync(join(tmpdir(), 'aok-'))
afterAll(() => rmSync(folder, { recursive: true }))

const key = `a:${Buffer.alloc(32, 7).toString('base64')}`
const file = (content: string) => {
  const path = join(folder, `secret-${Math.abs(content.length)}`)
  writeFileSync(path, content)
  return path
}

const read = (variables: NodeJS.ProcessEnv) => readEnvironment(variables).environment
const faultsOf = (variables: NodeJS.ProcessEnv) => readEnvironment(variables).faulty

describe('readEnvironment', () => {
  it('has a default for everything that development needs', () => {
    expect(read({})).toEqual({
      NODE_ENV: 'development',
      HOST: '127.0.0.1',
      PORT: 3000,
      DEMO_PORT: 3001,
      DATA_DIR: './data',
      DATABASE_POOL: 10,
      DATABASE_PREPARED_STATEMENTS: true,
      DATABASE_CONNECT_TIMEOUT: 5_000,
      DATABASE_STATEMENT_TIMEOUT: 15_000,
      DATABASE_LOCK_TIMEOUT: 5_000,
      DATABASE_IDLE_TIMEOUT: 30_000,
      MIGRATE_ON_START: true,
      WEB_CONCURRENCY: 1,
      ROLE: 'both',
      DRAIN_DELAY: 0,
      DRAIN_TIMEOUT: 25,
      TRUST_PROXY: { hops: 0 },
      SMS_DRIVER: 'postbox',
      SMTP_TLS: 'required',
      LETTER_DRIVER: 'postbox',
      LOG_LEVEL: 'info',
      IP_LIMIT_FACTOR: 1,
      SANDBOX: false,
    })
  })

  it('treats an empty variable as unset', () => {
    expect(read({ PORT: '', DATABASE_URL: '', COOKIE_KEYS: '' })).toEqual(read({}))
  })

  it('reads numbers, flags and keys', () => {
    const environment = read({ PORT: '0', TRUST_PROXY: 'true', METRICS_PORT: '9090', HASH_KEYS: key })
    expect(environment).toMatchObject({ PORT: 0, TRUST_PROXY: { hops: 1 }, METRICS_PORT: 9090 })
    expect(environment.HASH_KEYS).toEqual([{ kid: 'a', secret: Buffer.alloc(32, 7) }])
  })

  it.each([
    ['NODE_ENV', 'staging'],
    ['ISSUER', 'anmeldung.example.org'],
    ['PORT', 'http'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '3000.5'],
    ['DEMO_PORT', '70000'],
    ['DATABASE_URL', 'mysql://localhost/aok'],
    ['DATABASE_POOL', '1'],
    ['REDIS_URL', 'localhost:6379'],
    ['WEB_CONCURRENCY', '0'],
    ['TRUST_PROXY', 'yes'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', '99'],
    ['COOKIE_KEYS', 'secret'],
    ['ENCRYPTION_KEYS', 'a:c2hvcnQ='],
    ['HASH_KEYS', `${key},${key}`],
    ['SMTP_URL', 'mail.example.org'],
    ['SMS_DRIVER', 'pigeon'],
    ['SMS_GATEWAY_URL', 'gateway'],
    ['LETTER_DRIVER', 'pigeon'],
    ['LOG_LEVEL', 'loud'],
    ['METRICS_PORT', 'x'],
    ['IP_LIMIT_FACTOR', '0'],
    ['IP_LIMIT_FACTOR', 'Infinity'],
    ['SANDBOX', '1'],
  ])('refuses %s=%s, naming the variable and what it is for', (name, value) => {
    expect([...faultsOf({ [name]: value })]).toEqual([[name, expect.stringMatching(`^${name}: .+ \\(.+\\)$`)]])
  })

  it('names all faults at once', () => {
    expect([...faultsOf({ PORT: 'x', LOG_LEVEL: 'loud', SANDBOX: '1' }).keys()]).toEqual([
      'PORT',
      'LOG_LEVEL',
      'SANDBOX',
    ])
  })

  it('does not repeat a secret that it refuses', () => {
    const secret = 'Zm9yIHlvdXIgZXllcyBvbmx5'
    for (const name of ['COOKIE_KEYS', 'ENCRYPTION_KEYS', 'HASH_KEYS']) {
      const fault = faultsOf({ [name]: `a:${secret}` }).get(name)
      expect(fault).toContain(name)
      expect(fault).not.toContain(secret)
    }
    const url = 'pg://user:hidden-password@db/aok'
    const fault = faultsOf({ DATABASE_URL: url }).get('DATABASE_URL')
    expect(fault).toContain('DATABASE_URL')
    expect(fault).not.toContain('hidden-password')
  })

  it.each(['COOKIE_KEYS', 'ENCRYPTION_KEYS', 'HASH_KEYS'] as const)('reads %s from a file', (name) => {
    expect(read({ [`${name}_FILE`]: file(`${key}\n`) })[name]).toEqual([{ kid: 'a', secret: Buffer.alloc(32, 7) }])
  })

  it.each([
    ['DATABASE_URL', 'postgres://user:secret@db/aok'],
    ['REDIS_URL', 'redis://:secret@redis:6379'],
    ['SMTP_URL', 'smtps://user:secret@mail'],
    ['SMS_GATEWAY_URL', 'https://user:secret@sms.example.org'],
  ] as const)('reads %s from a file', (name, value) => {
    expect(read({ [`${name}_FILE`]: file(`${value}\n`) })[name]).toBe(value)
  })

  it('takes an empty file for unset, as it does an empty variable', () => {
    expect(read({ REDIS_URL_FILE: file('\n') }).REDIS_URL).toBeUndefined()
    expect(read({ SMS_GATEWAY_URL_FILE: file('') }).SMS_GATEWAY_URL).toBeUndefined()
  })

  it('prefers the variable to its file', () => {
    const environment = read({ REDIS_URL: 'redis://own', REDIS_URL_FILE: join(folder, 'missing') })
    expect(environment.REDIS_URL).toBe('redis://own')
  })

  it('names a file that cannot be read', () => {
    expect(faultsOf({ HASH_KEYS_FILE: join(folder, 'missing') }).get('HASH_KEYS')).toMatch(
      /HASH_KEYS_FILE names .+missing, which cannot be read \(ENOENT\)/,
    )
  })
})
