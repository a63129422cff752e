import { describe, expect, it } from 'vitest'
import { hasRedisPrograms } from '../support/servers/redis.ts'
import { wholeWay } from './scenarios/whole-way.ts'

/** Enough for every process to be killed three times. */
const members = 2

describe.skipIf(process.env.TEST_WITHOUT_POSTGRES || !hasRedisPrograms())('an installation in production', () => {
  it('leads members the whole way while each process is killed in turn', async () => {
    const report = await wholeWay(() => {}, members)
    expect(report.faults).toEqual([])
    expect(report.letters).toBe(members)
    expect(report.signIns).toBeGreaterThanOrEqual(members * 2)
  }, 300_000)
})
