import { describe, expect, it } from 'vitest'
import { addressBuckets, readAddress } from './client-address.ts'

const factors = { per56: 2, per48: 8 }
const keys = (address: string) => addressBuckets(address, factors).map(({ key }) => key)

describe('an IPv4 address', () => {
  it.each([
    '192.0.2.7',
    ' 192.0.2.7 ',
    '192.0.2.7:4711',
    '192.0.2.7:0',
    '[192.0.2.7]:4711',
    '::ffff:192.0.2.7',
    '::FFFF:192.0.2.7',
    '::ffff:c000:207',
    '0:0:0:0:0:ffff:c000:0207',
    '[::ffff:192.0.2.7]',
    '[::ffff:192.0.2.7]:4711',
    '::ffff:192.0.2.7:4711',
    '::ffff:192.0.2.7%eth0',
    '::ffff:0:192.0.2.7',
    '64:ff9b::192.0.2.7',
    '64:ff9b::c000:207',
    '[64:ff9b::c000:207]:443',
    '64:ff9b:1::c000:207',
  ])('counts as one when written %s', (spelling) => {
    expect(addressBuckets(spelling, factors)).toEqual([{ key: '192.0.2.7', factor: 1 }])
  })

  it.each(['192.0.2.8', '192.0.3.7', '::ffff:192.0.2.8', '64:ff9b::c000:208'])('is another than %s', (other) => {
    expect(keys(other)).not.toEqual(keys('192.0.2.7'))
  })
})

describe('an IPv6 address', () => {
  it.each([
    '2001:db8:1:2:aaaa::1',
    '2001:DB8:1:2:BBBB:CCCC:DDDD:EEEE',
    '2001:0db8:0001:0002:0000:0000:0000:0001',
    '2001:db8:1:2::',
    '[2001:db8:1:2::1]',
    '[2001:db8:1:2::1]:4711',
    '2001:db8:1:2::1%eth0',
    '[2001:db8:1:2::1%eth0]:4711',
    '2001:db8:1:2:3:4:5:6:4711',
    '2001:db8:1:2:0:0:192.0.2.7',
  ])('counts as its /64, /56 and /48 when written %s', (spelling) => {
    expect(addressBuckets(spelling, factors)).toEqual([
      { key: '2001:db8:1:2::/64', factor: 1 },
      { key: '2001:db8:1::/56', factor: 2 },
      { key: '2001:db8:1::/48', factor: 8 },
    ])
  })

  it('shares what its neighbours hold, and nothing else', () => {
    expect(keys('2001:db8:1:ff::1')).toEqual(['2001:db8:1:ff::/64', '2001:db8:1::/56', '2001:db8:1::/48'])
    expect(keys('2001:db8:1:100::1')).toEqual(['2001:db8:1:100::/64', '2001:db8:1:100::/56', '2001:db8:1::/48'])
    expect(keys('2001:db8:2::1')).toEqual(['2001:db8:2::/64', '2001:db8:2::/56', '2001:db8:2::/48'])
  })

  it('keeps what has a meaning of its own', () => {
    expect(['::1', '[::1]:3000', 'fe80::1%eth0', '::'].map(readAddress)).toEqual(['::1', '::1', 'fe80::1', '::'])
  })
})

describe('what is no address', () => {
  it.each([
    '',
    'unknown',
    '_hidden',
    '-',
    'localhost',
    '192.0.2',
    '3221225991',
    '0xc0000207',
    '192.0.02.7',
    '192.0.2.256',
    '192.0.2.7.8',
    '192.0.2.7:port',
    '192.0.2.7:123456',
    '[192.0.2.7',
    '192.0.2.7]',
    '2001:db8::1::2',
    '2001:db8:1',
    '[2001:db8::1]4711',
    '2001:db8::g',
    "<script>alert('x')</script>",
    `${'1:'.repeat(4000)}1`,
  ])('counts as one: %s', (text) => {
    expect(addressBuckets(text, factors)).toEqual([{ key: 'unknown', factor: 1 }])
  })
})
