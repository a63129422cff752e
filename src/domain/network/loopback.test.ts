import { expect, it } from 'vitest'
import { isLoopbackHost, isLoopbackUrl } from './loopback.ts'

it.each([
  'localhost',
  'LOCALHOST',
  'localhost.',
  '127.0.0.1',
  '127.255.0.9',
  '::1',
  '[::1]',
  '0:0:0:0:0:0:0:1',
  '::ffff:127.0.0.1',
  '/run/pg',
])('%s is this machine', (host) => expect(isLoopbackHost(host)).toBe(true))

it.each([
  '',
  '0.0.0.0',
  '::',
  '10.0.0.1',
  '126.255.255.255',
  '128.0.0.1',
  '::2',
  '::ffff:10.0.0.1',
  'localhost.example.org',
  '127.example.org',
  '127.0.0.1.nip.io',
  'undefined',
])('%s may be another one', (host) => expect(isLoopbackHost(host)).toBe(false))

it('sees the host of a URL, not what stands before it', () => {
  for (const url of ['http://localhost:3000/x', 'https://127.1/', 'http://2130706433/', 'smtp://me:pw@[::1]:25'])
    expect(isLoopbackUrl(url), url).toBe(true)
  for (const url of [
    'http://localhost@example.org/',
    'http://127.0.0.1:80@example.org',
    'http://localhost.example.org',
    'localhost',
    'null',
    '',
  ])
    expect(isLoopbackUrl(url), url).toBe(false)
})
