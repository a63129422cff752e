import { describe, expect, it } from 'vitest'
import { parseRedisAddress } from './redis-address.ts'

const plain = { tls: false, username: undefined, password: undefined, primary: undefined, db: 0 }

describe('the address of Redis', () => {
  it.each([
    ['redis://cache', { kind: 'single', hosts: [{ host: 'cache', port: 6379 }] }],
    ['redis://127.0.0.1:6380/3', { kind: 'single', hosts: [{ host: '127.0.0.1', port: 6380 }], db: 3 }],
    ['rediss://[::1]:7000/', { kind: 'single', hosts: [{ host: '::1', port: 7000 }], tls: true }],
    ['redis://:p%40ss@a', { kind: 'single', hosts: [{ host: 'a', port: 6379 }], password: 'p@ss' }],
    ['redis://login:a:b@a', { kind: 'single', hosts: [{ host: 'a', port: 6379 }], username: 'login', password: 'a:b' }],
    [
      'rediss+sentinel://u:p@a,b:1/mymaster/2',
      {
        kind: 'sentinel',
        hosts: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 1 },
        ],
        tls: true,
        username: 'u',
        password: 'p',
        primary: 'mymaster',
        db: 2,
      },
    ],
    [
      'redis+cluster://a,b:7001',
      {
        kind: 'cluster',
        hosts: [
          { host: 'a', port: 6379 },
          { host: 'b', port: 7001 },
        ],
      },
    ],
  ])('reads %s', (url, expected) => {
    const found = parseRedisAddress(url)
    expect({ ...found }).toEqual({ ...plain, ...expected })
  })

  it.each([
    ['localhost:6379', /must begin/],
    ['redis://', /must begin/],
    ['redis://a,b', /several hosts/],
    ['redis://a/first', /number of a database/],
    ['redis://a:99999', /host:port/],
    ['redis+sentinel://a,b', /name of the primary/],
    ['redis+cluster://a/1', /database 0 only/],
    ['redis+other://a', /must begin/],
    ['redis://:100%@a', /percent-encode/],
  ])('refuses %s', (url, reason) => {
    expect(() => parseRedisAddress(url)).toThrow(reason)
  })

  it('never tells a password', () => {
    for (const url of ['redis://:geheim@a/x', 'redis+x://:geheim@a', 'redis://:geheim%@a'])
      expect(() => parseRedisAddress(url)).toThrow(/^(?!.*geheim)/)
  })
})
