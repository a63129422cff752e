import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createRequestContext, foreignIdOf, traceIdOf } from './request-context.ts'

const trace = '4bf92f3577b34da6a3ce929d0e0e4736'

describe('the fields of a request', () => {
  it('follow its work and nobody else', async () => {
    const requests = createRequestContext()
    const seen = await Promise.all(
      ['first', 'second'].map((requestId) =>
        requests.run({ requestId }, async () => {
          await wait(5)
          return requests.fields()
        }),
      ),
    )
    expect(seen).toEqual([{ requestId: 'first' }, { requestId: 'second' }])
    expect(requests.fields()).toEqual({})
  })

  it('are not on what a request sets off for others, also later', async () => {
    const requests = createRequestContext()
    const later = requests.run({ requestId: 'first' }, () =>
      requests.outside(async () => {
        await wait(5)
        return requests.fields()
      }),
    )
    expect(await later).toEqual({})
  })

  it('are a new object each time, because the log writes into it', () => {
    const requests = createRequestContext()
    requests.run({ requestId: 'first' }, () => {
      Object.assign(requests.fields(), { password: 'x' })
      expect(requests.fields()).toEqual({ requestId: 'first' })
    })
  })
})

describe('the id that a proxy gave a request', () => {
  it.each([
    '7b1c6f0e-55a2-4c55-9b5a-0d8a7f3f2a11',
    '7B1C6F0E-55A2-4C55-9B5A-0D8A7F3F2A11',
    '01955a7e-7c3e-7000-8000-00805f9b34fb',
    trace,
  ])('is taken: %s', (id) => {
    expect(foreignIdOf(id)).toBe(id.toLowerCase())
  })

  it.each([
    ['nothing', undefined],
    ['an insurance number', 'A123456780'],
    ['a mobile number', '+4915112345671'],
    ['an e-mail address', 'erika.mustermann@example.org'],
    ['a line of a log', '0123456789abcdef\n{"level":"info"}'],
    ['an insurance number in a word', 'request-A123456780-2026'],
    ['a name in a word', 'erika_mustermann_registered'],
    ['a mobile number in the shape of a UUID', '00000000-0000-4000-8000-004915112345'],
    ['a mobile number in the shape of a trace', '4915112345671'.padStart(32, '0')],
    ['a password', 'Wiesengrund-7-Almhuette'],
    ['a UUID and more', `7b1c6f0e-55a2-4c55-9b5a-0d8a7f3f2a11 ${trace}`],
    ['33 characters', `${trace}a`],
    ['endless', 'a'.repeat(10_000)],
  ])('is none: %s', (_what, given) => {
    expect(foreignIdOf(given)).toBeUndefined()
  })
})

describe('the trace of a request (W3C Trace Context, 3.2)', () => {
  it.each([`00-${trace}-00f067aa0ba902b7-01`, `cc-${trace}-00f067aa0ba902b7-01-what-comes-later`])(
    'is read: %s',
    (header) => {
      expect(traceIdOf(header)).toBe(trace)
    },
  )

  it.each([
    undefined,
    '',
    `ff-${trace}-00f067aa0ba902b7-01`,
    `00-${trace}-00f067aa0ba902b7-01-more`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${trace}-0000000000000000-01`,
    `00-${trace.toUpperCase()}-00f067aa0ba902b7-01`,
    `x00-${trace}-00f067aa0ba902b7-01`,
  ])('is not there: %s', (header) => {
    expect(traceIdOf(header)).toBeUndefined()
  })
})
