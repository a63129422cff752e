import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { StartUpError } from '../../errors.ts'
import { parseDatabaseUrl } from './database-url.ts'

const folder = mkdtempSync(join(tmpdir(), 'aok-'))
const ca = join(folder, 'ca.pem')
writeFileSync(ca, 'certificate')
afterAll(() => rmSync(folder, { recursive: true }))

describe('parseDatabaseUrl', () => {
  it('reads one host with escaped password', () => {
    expect(parseDatabaseUrl('postgres://me:p%40ss%2Fword@db:5433/aok')).toEqual({
      hosts: [{ host: 'db', port: 5433 }],
      user: 'me',
      password: 'p@ss/word',
      database: 'aok',
      ssl: false,
      writable: false,
    })
  })

  it('reads several hosts, with and without port, and IPv6', () => {
    const { hosts, writable } = parseDatabaseUrl('postgresql://one,two:6000,[::1]:7/db?target_session_attrs=read-write')
    expect(hosts).toEqual([
      { host: 'one', port: 5432 },
      { host: 'two', port: 6000 },
      { host: '::1', port: 7 },
    ])
    expect(writable).toBe(true)
  })

  it.each([
    ['sslmode=disable', false],
    ['sslmode=require', { rejectUnauthorized: false }],
    ['sslmode=verify-full', { rejectUnauthorized: true }],
    [`sslrootcert=${ca}`, { rejectUnauthorized: true, ca: 'certificate' }],
    [
      `sslmode=verify-ca&sslrootcert=${ca}`,
      { rejectUnauthorized: true, ca: 'certificate', checkServerIdentity: expect.any(Function) },
    ],
  ])('%s', (query, ssl) => {
    expect(parseDatabaseUrl(`postgres://db/aok?${query}`).ssl).toEqual(ssl)
  })

  it.each([
    ['postgres://db:port/aok', /host:5432/],
    ['postgres://db/aok?sslmode=maybe', /sslmode must be/],
    ['postgres://db/aok?target_session_attrs=standby', /target_session_attrs must be/],
    ['postgres://db/aok?conect_timeout=3', /conect_timeout is not understood/],
    [`postgres://db/aok?sslrootcert=${folder}/none`, /cannot be read \(ENOENT\)/],
    ['postgres://me:hidden%zz@db/aok', /%25/],
  ])('refuses %s without repeating it', (url, message) => {
    expect(() => parseDatabaseUrl(url)).toThrow(message)
    expect(() => parseDatabaseUrl(url)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hidden') }),
    )
  })

  it('throws what the start explains', () => {
    expect(() => parseDatabaseUrl('postgres://db/aok?x=1')).toThrow(StartUpError)
  })
})
