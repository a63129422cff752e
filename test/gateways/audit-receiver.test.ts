import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createAuditReceiver } from '../../src/gateways/audit-stream/receiver.ts'
import type { ReceiverSettings } from '../../src/gateways/audit-stream/stream.ts'
import { startHttpReceiver, startSyslogReceiver } from '../support/servers/audit-receiver.ts'
import { type Certificates, makeCertificates } from '../support/servers/certificates.ts'

const at = new Date('2026-11-24T09:00:00.123Z')
const eventAt = (position: number, text = 'x') => ({
  ...{ position, at, type: 'audit_bodies_emptied_with_a_very_long_name' },
  json: JSON.stringify({ position, text }),
})
const create = (url: URL, more: Partial<ReceiverSettings> = {}) =>
  createAuditReceiver({ url, files: {}, hostname: 'anmeldung.example.org', timeout: 1000, ...more })

const open: { close(): unknown }[] = []
const kept = <T extends { close(): unknown }>(receiver: T): T => {
  open.push(receiver)
  return receiver
}
afterEach(() => {
  for (const each of open.splice(0)) each.close()
})

let certificates: Certificates
beforeAll(async () => {
  certificates = await makeCertificates()
})
afterAll(() => certificates?.remove())

describe('over HTTP', () => {
  it('posts lines of JSON with the token', async () => {
    const receiver = kept(await startHttpReceiver())
    expect(await create(receiver.url, { token: 'geheim' }).send([eventAt(1), eventAt(2, 'Müller')])).toBe('taken')
    expect(receiver.received).toMatchObject([
      { authorization: 'Bearer geheim', type: 'application/x-ndjson', positions: [1, 2] },
    ])
  })

  it.each([500, 429, 400, 302, 199])('takes %s for a refusal and follows nowhere', async (status) => {
    const receiver = kept(await startHttpReceiver())
    const elsewhere = kept(await startHttpReceiver())
    receiver.answer = (_, response) => {
      if (status === 199) return response.destroy()
      return response.writeHead(status, { Location: elsewhere.url.href }).end('words of the receiver')
    }
    const fault = status === 199 ? 'ECONNRESET' : `http_${status}`
    expect(await create(receiver.url).send([eventAt(1)])).toEqual({ fault })
    expect(elsewhere.received).toEqual([])
  })

  it('waits no longer than it may, for a silent receiver and for one that is away', async () => {
    const receiver = kept(await startHttpReceiver())
    receiver.answer = () => {}
    expect(await create(receiver.url, { timeout: 100 }).send([eventAt(1)])).toEqual({ fault: 'timeout' })
    receiver.close()
    expect(await create(receiver.url).send([eventAt(1)])).toEqual({ fault: 'ECONNREFUSED' })
  })

  it('names a file that is gone', async () => {
    const receiver = kept(await startHttpReceiver())
    expect(await create(receiver.url, { files: { ca: '/nowhere.pem' } }).send([eventAt(1)])).toEqual({
      fault: 'ENOENT',
    })
  })
})

describe('over syslog', () => {
  it('counts octets, and escapes what is not ASCII', async () => {
    const receiver = kept(await startSyslogReceiver())
    expect(await create(receiver.url).send([eventAt(7, 'Müller €'), eventAt(2_147_483_648)])).toBe('taken')
    expect(receiver.messages).toEqual([
      '<109>1 2026-11-24T09:00:00.123Z anmeldung.example.org meine-aok-anmeldung - audit_bodies_emptied_with_a_very [meta sequenceId="7"] {"position":7,"text":"M\\u00fcller \\u20ac"}',
      expect.stringContaining('[meta sequenceId="1"] {"position":2147483648'),
    ])
    expect(JSON.parse(receiver.messages[0]?.split('] ')[1] ?? '').text).toBe('Müller €')
  })

  it('is encrypted, and speaks to whom the authority knows only', async () => {
    const { certificate: cert, key, ca } = certificates
    const receiver = kept(await startSyslogReceiver({ cert, key, ca }))
    const files = { ca, cert, key }
    const many = Array.from({ length: 500 }, (_, n) => eventAt(n + 1, 'y'.repeat(1000)))
    expect(await create(receiver.url, { files }).send(many)).toBe('taken')
    expect(receiver.messages).toHaveLength(500)
    expect(await create(receiver.url).send([eventAt(1)])).toEqual({ fault: expect.stringMatching(/CERT|SIGNATURE/) })
    const nameless = await create(receiver.url, { files: { ca } }).send([eventAt(1)])
    expect(nameless).not.toBe('taken')
    const other = new URL(receiver.url.href.replace('127.0.0.1', '127.0.0.2'))
    expect(await create(other, { files }).send([eventAt(1)])).not.toBe('taken')
    expect(receiver.messages).toHaveLength(500)
  })

  it('does not take for delivered what was written to a receiver that breaks off', async () => {
    const { certificate: cert, key, ca } = certificates
    for (const receiver of [await startSyslogReceiver(), await startSyslogReceiver({ cert, key })]) {
      kept(receiver)
      const to = create(receiver.url, { files: { ca }, timeout: 300 })
      const large = Array.from({ length: 500 }, (_, n) => eventAt(n + 1, 'y'.repeat(1000)))
      receiver.greet = (socket) => socket.destroy()
      expect(await to.send(large)).not.toBe('taken')
      receiver.greet = (socket) => void socket.once('data', () => socket.destroy())
      expect(await to.send(large)).not.toBe('taken')
      // It never reads.
      receiver.greet = (socket) => void socket.on('data', () => {}).pause()
      expect(await to.send(large)).not.toBe('taken')
      receiver.greet = () => {}
      expect(await to.send(large)).toBe('taken')
    }
  })
})
