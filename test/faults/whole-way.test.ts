import { describe, expect, it } from 'vitest'
import { hasOpenssl, hasRedisPrograms, postgresPrograms, sshdPath } from '../support/machine/programs.ts'
import type { Installation } from './installation.ts'
import { findFaults } from './parts/report.ts'
import { wholeWay } from './scenarios/whole-way.ts'

/** Enough for every process to be killed three times. */
const members = 2

const programs = [postgresPrograms(), hasRedisPrograms(), sshdPath(), hasOpenssl()]

describe.skipIf(!programs.every(Boolean))('an installation in production', () => {
  it('leads members the whole way while each process is killed in turn', async () => {
    let planted: string[] = []
    const report = await wholeWay(
      () => {},
      members,
      async (world) => {
        planted = await plantFaults(world)
      },
    )
    expect(report.faults).toEqual([])
    expect(report.letters).toBe(members)
    expect(report.signIns).toBeGreaterThanOrEqual(members * 2)
    // What looks for faults finds each that was planted.
    expect(planted).toEqual([
      expect.stringMatching(/^not true: runs count what they hold /),
      expect.stringMatching(/^not true: the chain of the audit log is intact /),
      'one code stands in two letters',
      expect.stringMatching(/^account_activated twice for /),
      expect.stringMatching(/^twice: SMS to \+49/),
      expect.stringMatching(/^twice: e-mail to /),
      expect.stringMatching(/^twice: letter /),
      'an authorization code of somebody was taken twice',
    ])
  }, 300_000)
})

async function plantFaults(world: Installation): Promise<string[]> {
  const { inspection, office, smtp, sms, relyingParty } = world
  await inspection.rows(
    `insert into audit_events (at, type, actor, account_id, data, digest)
     select at, type, actor, account_id, data, digest from audit_events where type = 'account_activated' limit 1`,
  )
  await inspection.rows(`update print_runs set letter_count = 0 where state = 'posted'`)
  for (const request of sms.requests.slice(0, 1))
    sms.requests.push({ ...request, headers: { ...request.headers, 'idempotency-key': 'another' } })
  for (const mail of smtp.received.slice(0, 1))
    smtp.received.push({
      ...mail,
      data: mail.data.replace(/^Message-ID: <[^>]*>/im, 'Message-ID: <another@example.org>'),
    })
  office.posted.push(...office.posted.slice(0, 1))
  relyingParty.takenTwice.push('somebody')
  return await findFaults(world)
}
