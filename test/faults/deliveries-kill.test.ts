import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { type Child, startChild } from '../support/machine/child.ts'
import { createMachine, type Process, startProcess } from '../support/machine/machines.ts'
import { type SmsHttpServer, startSmsHttpServer } from '../support/servers/sms-http.ts'
import { type SmtpRelay, startSmtpRelay } from '../support/servers/smtp.ts'
import { describeOnServer, urlOf } from '../support/stores/databases.ts'
import { waitFor } from '../support/wait.ts'

const mtans = 30
const emails = 300
/** What a worker has under way at once (config/deliveries.yaml). */
const atOnce = 20

describeOnServer('mTANs, with a worker in a process of its own', (database) => {
  const folder = mkdtempSync(join(tmpdir(), 'aok-deliveries-'))
  const children: Child[] = []
  let gateway: SmsHttpServer | undefined
  let relay: SmtpRelay | undefined
  let variables: Record<string, string> = {}
  let writer: Process
  afterAll(async () => {
    for (const child of children) {
      child.process.kill('SIGKILL')
      await child.ended
    }
    gateway?.close()
    await relay?.close()
    await writer?.stop()
    rmSync(folder, { recursive: true })
  })

  const delivered = async (): Promise<string[]> =>
    (await database()('messages').whereNotNull('delivered_at').select('id')).map(({ id }) => id)
  const keys = () => (gateway?.requests ?? []).map(({ headers }) => String(headers['idempotency-key']))

  const startWorker = () => {
    const child = startChild(variables, ['--role', 'worker'])
    children.push(child)
    return child
  }
  /** Writes what the pages write: an mTAN for five minutes. */
  const writeMtans = (subjects: string[]) =>
    writer.transaction(async (unit) => {
      const now = new Date()
      const expiresAt = new Date(now.getTime() + 300_000)
      for (const [n, subject] of subjects.entries()) {
        const payload = { to: `+491511234${1000 + n}`, text: `mTAN ${n}`, country: 'DE', purpose: 'signIn' }
        await unit.send({ kind: 'sms', payload, expiresAt, supersedes: `mtan:signIn:${subject}` }, now)
      }
    })

  it('all arrive when it is killed with SIGKILL: only those under way are tried again, after the lease, under the same id', async () => {
    // Slow, and like every gateway that honours the id it sends what it knows already no second time.
    gateway = await startSmsHttpServer({ status: 202, delay: 1000 })
    const machine = createMachine(folder, 'machine', await urlOf(database()))
    machine.makeKeys()
    writer = await startProcess(machine, database())
    relay = await startSmtpRelay({ delay: 500 })
    const channels = { SMS_DRIVER: 'http', SMS_GATEWAY_URL: gateway.url, SMTP_URL: relay.url }
    variables = { ...machine.variables, ...channels, LOG_LEVEL: 'silent' }
    await writeMtans(Array.from({ length: mtans }, (_, n) => String(n)))

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
  }, 180_000)

  it('do not wait for a burst of e-mails', async () => {
    await writer.transaction(async (unit) => {
      const params = { link: 'https://anmeldung.example.org/aktivierung/x', lastDay: '2026-12-24' }
      for (let n = 0; n < emails; n++) {
        const payload = { template: 'activation', to: `${n}@example.org`, language: 'de', params }
        await unit.send({ kind: 'email', payload }, new Date())
      }
    })
    await waitFor(() => (relay?.received.length ?? 0) >= 10, 20)
    const before = keys().length
    await writeMtans(['burst'])
    await waitFor(() => keys().length > before, 10)
    // A lane that all share would have sent every e-mail first.
    expect(relay?.received.length).toBeLessThan(emails / 2)
  })
})
