import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import { createMessageStore } from '../../../src/stores/messages/messages.ts'
import { describeOnBoth } from '../../support/stores/databases.ts'
import { createProtection } from '../../support/stores/protection.ts'

const protection = createProtection()
const now = new Date('2026-11-25T09:00:00Z')
const payload = { to: '+4915112345670', text: 'Ihre mTAN ist 123456' }

describeOnBoth('messages', (database) => {
  const store = () => createMessageStore(database(), protection)

  async function add(expiresAt: Date | null = null): Promise<string> {
    const id = randomUUID()
    await store().add({ id, kind: 'sms', payload, expiresAt, createdAt: now })
    return id
  }

  beforeEach(async () => {
    await database()('messages').delete()
  })

  it('are encrypted, and bound to their id', async () => {
    const [one, other] = [await add(), await add()]
    expect(JSON.stringify(await database()('messages'))).not.toMatch(/123456|15112345670/)
    const row = await database()('messages').where({ id: one }).first()
    await database()('messages').where({ id: other }).update({ payload: row.payload })
    await expect(store().open(other)).rejects.toThrow()
  })

  it('are forgotten', async () => {
    await add()
    expect(await store().deleteCreatedBefore(now)).toBe(0)
    expect(await store().deleteCreatedBefore(new Date(now.getTime() + 1))).toBe(1)
  })
})
