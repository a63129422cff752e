import { describe, expect, it } from 'vitest'
import { clientAddressOf, parseTrustedProxies, trustsPeer } from './trusted-proxies.ts'

const client = (setting: string, peer: string | undefined, forwardedFor?: string) =>
  clientAddressOf(parseTrustedProxies(setting), peer, forwardedFor)

describe('without a proxy', () => {
  it.each(['false', '0'])('%s takes the connection, whatever is claimed', (setting) => {
    expect(client(setting, '192.0.2.7', '198.51.100.1')).toBe('192.0.2.7')
    expect(client(setting, '::ffff:192.0.2.7', '198.51.100.1')).toBe('192.0.2.7')
    expect(client(setting, undefined, '198.51.100.1')).toBe('unknown')
    expect(trustsPeer(parseTrustedProxies(setting), '127.0.0.1')).toBe(false)
  })
})

describe('a number of proxies', () => {
  it.each([
    ['true', '198.51.100.1', '198.51.100.1'],
    ['1', '198.51.100.1', '198.51.100.1'],
    ['1', '203.0.113.9, 198.51.100.1', '198.51.100.1'],
    ['1', '203.0.113.9,198.51.100.1:4711', '198.51.100.1'],
    ['2', '198.51.100.1, 10.0.0.5', '198.51.100.1'],
    ['2', '203.0.113.9, 198.51.100.1, 10.0.0.5', '198.51.100.1'],
    ['2', '198.51.100.1', '198.51.100.1'],
    ['3', '203.0.113.9, 198.51.100.1, 10.0.0.5, 10.0.0.6', '198.51.100.1'],
    ['1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['1', '203.0.113.9, unknown', 'unknown'],
    ['1', '203.0.113.9,', 'unknown'],
    ['1', undefined, '10.0.0.9'],
    ['1', '', '10.0.0.9'],
    ['2', ' ', '10.0.0.9'],
  ])('%s finds the client of %s', (setting, forwardedFor, expected) => {
    expect(client(setting, '10.0.0.9', forwardedFor)).toBe(expected)
  })
})

describe('a list of networks', () => {
  const setting = '10.0.0.0/8, 127.0.0.1, 2001:db8:ff::/48'
  it.each([
    ['10.0.0.9', '198.51.100.1', '198.51.100.1'],
    ['::ffff:10.0.0.9', '198.51.100.1', '198.51.100.1'],
    ['127.0.0.1', '203.0.113.9, 198.51.100.1, 10.1.2.3, 10.0.0.5', '198.51.100.1'],
    ['2001:db8:ff::1', '198.51.100.1, [2001:db8:ff:1::2]:80', '198.51.100.1'],
    ['2001:db8:fe::1', '198.51.100.1', '2001:db8:fe::1'],
    ['127.0.0.2', '198.51.100.1', '127.0.0.2'],
    ['192.0.2.7', '10.0.0.1', '192.0.2.7'],
    ['10.0.0.9', '198.51.100.1, spoofed, 10.0.0.5', 'unknown'],
    ['10.0.0.9', '10.0.0.7, 10.0.0.8', '10.0.0.7'],
    ['10.0.0.9', undefined, '10.0.0.9'],
  ])('seen from %s finds the client of %s', (peer, forwardedFor, expected) => {
    expect(client(setting, peer, forwardedFor)).toBe(expected)
  })

  it('believes the headers of its members only', () => {
    const trusted = parseTrustedProxies(setting)
    expect(['10.255.0.1', '::ffff:127.0.0.1', '2001:db8:ff:9::1'].map((peer) => trustsPeer(trusted, peer))).toEqual([
      true,
      true,
      true,
    ])
    expect(['11.0.0.1', '127.0.0.2', '2001:db8::1', '', undefined].map((peer) => trustsPeer(trusted, peer))).toEqual(
      Array(5).fill(false),
    )
  })
})

it.each([
  'yes',
  'localhost',
  'loopback',
  '-1',
  '1.5',
  '11',
  '10.0.0.0/33',
  '10.0.0.0/0',
  '::/0',
  '10.0.0/8',
  '010.0.0.0/8',
  '2001:db8::/129',
  '::ffff:10.0.0.0/104',
  'fe80::1%eth0',
  '10.0.0.1:80',
  '10.0.0.1,',
  '10.0.0.1, proxy.example.org',
  '10.0.0.1 10.0.0.2',
])('%s is refused', (setting) => {
  expect(() => parseTrustedProxies(setting)).toThrow(RangeError)
})
