import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { type Child, startChild } from '../support/child.ts'
import { describeOnServer, urlOf } from '../support/databases.ts'
import { createMachine, startProcess } from '../support/machines.ts'
import { type SmsHttpServer, startSmsHttpServer } from '../support/servers/sms-http.ts'
import { waitFor } from '../support/wait.ts'

const mtans = 30
/** What a worker has under way at once (config/deliveries.yaml). */
const atOnce = 20

describeOnServer('mTANs whose worker is killed with SIGKILL', (database) => {
  const folder = mkdtempSync(join(tmpdir(), 'aok-deliveries-'))
  const children: Child[] = []
  let gateway: SmsHttpServer | undefined
  afterAll(async () => {
    for (const child of children) {
      child.process.kill('SIGKILL')
      await child.ended
    }
    gateway?.close()
    rmSync(folder, { recursive: true })
  })

  const delivered = async (): Promise<string[]> =>
    (await database()('messages').whereNotNull('delivered_at').select('id')).map(({ id }) => id)
  const keys = () => (gateway?.requests ?? []).map(({ headers }) => String(headers['idempotency-key']))

  it('all arrive: only those under way are tried again, after the lease, under the same id', async () => {
    // Slow, and like every gateway that honours the id it sends what it knows already no second time.
    gateway = await startSmsHttpServer({ status: 202, delay: 1000 })
    const machine = createMachine(folder, 'machine', await urlOf(database()))
    machine.makeKeys()
    const writer = await startProcess(machine, database())
    await writer.transaction(async (unit) => {
      const now = new Date()
      const expiresAt = new Date(now.getTime() + 300_000)
      for (let n = 0; n < mtans; n++) {
        const payload = { to: `+491511234${1000 + n}`, text: `mTAN ${n}`, country: 'DE', purpose: 'sign_in' }
        await unit.send({ kind: 'sms', payload, expiresAt, supersedes: `mtan:sign_in:${n}` }, now)
      }
    })
    const variables = { ...machine.variables, SMS_DRIVER: 'http', SMS_GATEWAY_URL: gateway.url, LOG_LEVEL: 'silent' }
    const startWorker = () => {
      const child = startChild(variables, ['--role', 'worker'])
      children.push(child)
      return child
    }

    const killed = startWorker()
    await waitFor(() => keys().length > atOnce, 60)
    killed.process.kill('SIGKILL')
    expect(await killed.ended).toBe('SIGKILL')
    const noted = await delivered()
    const underWay = (await database()('messages').whereNotNull('claim').select('id')).map(({ id }) => id)
    expect(underWay.length).toBeGreaterThan(0)

    await startWorker().ready
    // Nobody sends beside a claim, though its holder is dead.
    await waitFor(async () => (await delivered()).length === mtans - underWay.length, 60)
    expect(new Set(keys()).size).toBe(keys().length)
    await database()('messages')
      .whereNotNull('claim')
      .update({ claimed_until: database().raw('now()') })
    await waitFor(async () => (await delivered()).length === mtans, 20)
    const tries = (id: string) => keys().filter((key) => key === id).length
    expect(new Set(keys()).size).toBe(mtans)
    expect(noted.every((id) => tries(id) === 1)).toBe(true)
    expect((await delivered()).filter((id) => tries(id) > 1).every((id) => underWay.includes(id))).toBe(true)
    await writer.stop()
  }, 180_000)
})
