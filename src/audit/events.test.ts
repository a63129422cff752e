import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createKeyedHash } from '../crypto/field-encryption.ts'
import type { AuditEvent } from './chain.ts'
import { auditTypes, createAuditTrail, unknownNameHash } from './events.ts'

const at = new Date('2026-11-24T09:00:00Z')
const accountId = '6f0c6b7e-7f0e-4f3e-9d9b-0b8f2f3a1c11'

function recordingTrail() {
  const events: AuditEvent[] = []
  return { events, trail: createAuditTrail(async (event) => void events.push(event)) }
}

describe('audit trail', () => {
  it('records an event of an account with its usual actor', async () => {
    const { events, trail } = recordingTrail()
    await trail.accountSuspended({ at, accountId, reason: 'deceased' })
    expect(events).toEqual([
      { at, type: 'account_suspended', actor: 'system', accountId, data: { reason: 'deceased' } },
    ])
  })

  it('takes another actor where one is given', async () => {
    const { events, trail } = recordingTrail()
    await trail.accountSuspended({ at, accountId, reason: 'phone', actor: 'staff:17' })
    expect(events[0]?.actor).toBe('staff:17')
  })

  it('writes the named fields only, whatever else the object carries', async () => {
    const { events, trail } = recordingTrail()
    const account = { at, accountId, by: 'link' as const, email: 'erika@example.org', username: 'erika' }
    await trail.browserMadeKnown(account)
    expect(events[0]?.data).toEqual({ by: 'link' })
  })

  it('takes a keyed hash of an unknown user name, and refuses the name itself', async () => {
    const { events, trail } = recordingTrail()
    const hash = createKeyedHash([{ kid: 'a', secret: randomBytes(32) }])
    await trail.signInFailed({ at, reason: 'unknown_user', nameHash: unknownNameHash(hash, 'erika.m') })
    expect(events[0]?.accountId).toBeNull()
    expect(JSON.stringify(events)).not.toContain('erika')
    await expect(trail.signInFailed({ at, reason: 'unknown_user', nameHash: 'erika.m' })).rejects.toThrow(TypeError)
    await expect(trail.signInPaused({ at, seconds: 900, nameHash: 'erika.m' })).rejects.toThrow(TypeError)
  })

  it('gives every event a type of its own', async () => {
    const { events, trail } = recordingTrail()
    for (const record of Object.values(trail))
      await (record as unknown as (given: { at: Date }) => Promise<void>)({ at })
    expect(new Set(events.map((event) => event.type)).size).toBe(Object.keys(trail).length)
    // And a class of its own, by which its retention goes.
    expect(Object.values(auditTypes).flat().sort()).toEqual(events.map(({ type }) => type).sort())
  })
})
