import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createRequestContext, requestIdOf, traceIdOf } from './request-context.ts'

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

describe('the id of a request', () => {
  it.each(['7b1c6f0e-55a2-4c55-9b5a-0d8a7f3f2a11', '0123456789abcdef'])('is taken over: %s', (id) => {
    expect(requestIdOf(id)).toBe(id)
  })

  it.each([
    ['nothing', undefined],
    ['an insurance number', 'A123456780'],
    ['a mobile number', '+4915112345671'],
    ['an e-mail address', 'erika.mustermann@example.org'],
    ['a line of a log', '0123456789abcdef\n{"level":"info"}'],
    ['65 characters', 'a'.repeat(65)],
  ])('is made for %s', (_what, given) => {
    expect(requestIdOf(given)).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/)
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
