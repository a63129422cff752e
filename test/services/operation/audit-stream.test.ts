import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import { createAuditReceiver } from '../../../src/gateways/audit-stream/receiver.ts'
import type { Alert } from '../../../src/services/operation/alerts.ts'
import { createAuditStream, describeStreamFault } from '../../../src/services/operation/audit-stream.ts'
import type { Database } from '../../../src/stores/database/database.ts'
import { emptyAuditLog } from '../../support/audit.ts'
import { bare } from '../../support/machine/child.ts'
import { startHttpReceiver, startSyslogReceiver } from '../../support/servers/audit-receiver.ts'
import { createServiceWorld } from '../../support/services.ts'
import { describeOnDatabase, describeOnServer, urlOf } from '../../support/stores/databases.ts'
import { waitFor } from '../../support/wait.ts'

const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, n) => first + n)

async function prepare(db: Database, url: URL | undefined, most = { events: 10, characters: 500_000 }) {
  const { stores, transaction, clock } = createServiceWorld(db)
  const alerts: Alert[] = []
  const create = () =>
    createAuditStream({
      ...{ stream: stores.auditStream, clock, most },
      alerts: { raise: async (_, alert) => alerts.push(alert) > 0 },
      receiver: url && createAuditReceiver({ url, files: {}, hostname: 'issuer.example', timeout: 1000 }),
    })
  /** Writes and seals events. */
  async function happen(count: number, seal = true) {
    const at = clock.now()
    await transaction(async ({ audit }) => {
      for (let n = 0; n < count; n++) await audit.mtanSent({ at, accountId: account, purpose: 'signIn', country: 'DE' })
    })
    if (seal) await stores.auditEvents.seal()
  }
  return { stores, clock, alerts, create, stream: create(), happen }
}
const account = '6f0c6b7e-7f0e-4f3e-9d9b-0b8f2f3a1c11'

async function empty(db: Database) {
  await emptyAuditLog(db)
  await db('audit_streams').delete()
}

describeOnDatabase('the stream of audit events', (database) => {
  beforeEach(() => empty(database()))

  it('sends what an export holds, in order of the chain, each once', async () => {
    const receiver = await startHttpReceiver()
    const { stream, happen, stores, clock } = await prepare(database(), receiver.url)
    await happen(25)
    await happen(3, false)
    expect([await stream.run(), await stream.run()]).toEqual([25, 0])
    expect(receiver.positions()).toEqual(upTo(25))
    expect(receiver.received.map(({ positions }) => positions.length)).toEqual([10, 10, 5])
    const head = await stores.auditEvents.head()
    const lines = receiver.received.flatMap(({ text }) => text.trim().split('\n'))
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
      ...{ id: expect.any(String), at: clock.now().toISOString(), type: 'mtan_sent', actor: 'member' },
      ...{ accountId: account, data: { purpose: 'signIn', country: 'DE' }, ...head },
    })
    clock.forward(60)
    expect(await stream.status()).toMatchObject({ position: 25, head: 25, waiting: 0, failures: 0, lag: 60 })
    await stores.auditEvents.seal()
    expect(await stream.run()).toBe(3)
    expect(await stream.status()).toMatchObject({ position: 28, waiting: 0, lag: 0, sentAt: clock.now() })
    receiver.close()
  })

  it('bounds a delivery by its length, and sends an event that is longer alone', async () => {
    const receiver = await startHttpReceiver()
    const { stream, happen } = await prepare(database(), receiver.url, { events: 10, characters: 10 })
    await happen(3)
    expect(await stream.run()).toBe(3)
    expect(receiver.received.map(({ positions }) => positions)).toEqual([[1], [2], [3]])
    receiver.close()
  })

  it('loses nothing while the receiver is away, and says so', async () => {
    const receiver = await startHttpReceiver()
    const { stream, happen, alerts } = await prepare(database(), receiver.url)
    await happen(12)
    const taken = receiver.answer
    receiver.answer = (_, response) => response.writeHead(503).end()
    for (let n = 0; n < 3; n++) expect(await stream.run()).toBe(0)
    expect(alerts).toEqual([{ kind: 'audit_stream_away', detail: { fault: 'http_503', failures: 3 } }])
    const status = await stream.status()
    expect(status).toMatchObject({ position: 0, waiting: 12, failures: 3, fault: 'http_503' })
    expect(describeStreamFault(status)).toContain('did not take the last 3 deliveries (http_503); 12 events wait')
    receiver.received.splice(0)
    receiver.answer = taken
    await happen(5)
    expect(await stream.run()).toBe(17)
    expect(receiver.positions()).toEqual(upTo(17))
    expect(describeStreamFault(await stream.status())).toBeUndefined()
    receiver.close()
  })

  it('goes on where the last delivery failed, and says when nobody sends', async () => {
    const receiver = await startHttpReceiver()
    const { stream, happen, clock } = await prepare(database(), receiver.url)
    await happen(30)
    receiver.answer = (_, response) => response.writeHead(receiver.received.length === 2 ? 500 : 200).end()
    expect([await stream.run(), await stream.run()]).toEqual([10, 20])
    // The second ten came twice: at least once is the promise.
    expect(receiver.received.map(({ positions }) => positions[0])).toEqual([1, 11, 11, 21])
    await happen(1)
    clock.forward(1000)
    expect(describeStreamFault(await stream.status())).toBe(
      'audit events wait for 17 minutes, and no delivery has failed',
    )
    receiver.close()
  })

  it('sends over syslog, and stops between two deliveries when its process ends', async () => {
    const receiver = await startSyslogReceiver()
    const { stream, happen } = await prepare(database(), receiver.url)
    await happen(25)
    const ends = new AbortController()
    receiver.greet = () => ends.abort()
    expect([await stream.run(ends.signal), await stream.run()]).toEqual([10, 15])
    const sequence = receiver.messages.map((message) => Number(/sequenceId="(\d+)"/.exec(message)?.[1]))
    expect(sequence).toEqual(upTo(25))
    receiver.close()
  })
})

describeOnServer('the stream of audit events, of many workers', (database) => {
  beforeEach(() => empty(database()))

  it('is sent by one of sixteen at once', async () => {
    const receiver = await startHttpReceiver()
    const { create, happen } = await prepare(database(), receiver.url)
    await happen(100)
    const sent = await Promise.all(upTo(16).map(() => create().run()))
    expect(sent.filter((count) => count > 0)).toEqual([100])
    expect(receiver.positions()).toEqual(upTo(100))
    receiver.close()
  })

  it('does not move the cursor for a worker whose time was over', async () => {
    const receiver = await startHttpReceiver()
    const { create, happen } = await prepare(database(), receiver.url)
    await happen(30)
    let held = () => {}
    const taken = receiver.answer
    receiver.answer = (_, response) => {
      held = () => response.writeHead(204).end()
    }
    const stopped = create().run()
    await waitFor(() => receiver.received.length === 1)
    await database()('audit_streams').update({ claimed_until: new Date(0) })
    receiver.answer = taken
    expect(await create().run()).toBe(30)
    held()
    expect(await stopped).toBe(0)
    expect(receiver.positions()).toEqual([...upTo(10), ...upTo(30)])
    receiver.close()
  })

  it('outlives workers that are killed: nothing is lost, nothing overtakes', async () => {
    const receiver = await startHttpReceiver()
    const { happen } = await prepare(database(), receiver.url)
    await happen(400)
    const url = await urlOf(database())
    const script = join(import.meta.dirname, 'audit-stream-process.ts')
    const start = () =>
      spawn(process.execPath, [script, url, receiver.url.href, '7'], {
        env: bare,
        stdio: ['ignore', 'ignore', 'inherit'],
      })
    // The first is killed while the receiver has its delivery and has not answered; the second, which has waited, takes over.
    const taken = receiver.answer
    const workers = [start(), start()]
    receiver.answer = async (request, response) => {
      if (receiver.received.length !== 20) return taken(request, response)
      const holder = await database()('audit_streams').first('claim')
      expect(holder.claim).not.toBeNull()
      workers[0]?.kill('SIGKILL')
      workers[1]?.kill('SIGKILL')
      await database()('audit_streams').update({ claimed_until: new Date(0) })
      workers.push(start(), start())
    }
    await waitFor(() => workers.length === 4, 30)
    const ends = await Promise.all(workers.slice(2).map((worker) => once(worker, 'exit')))
    expect(ends).toEqual([
      [0, null],
      [0, null],
    ])
    const order = receiver.positions()
    expect(new Set(order)).toEqual(new Set(upTo(400)))
    // The one delivery that was under way came again, whole; everything else once, in order.
    expect(order).toEqual([...upTo(140), ...upTo(400, 134)])
    receiver.close()
  }, 60_000)
})
