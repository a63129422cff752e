import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { createFieldEncryption, createKeyedHash } from '../../src/gateways/field-encryption.ts'
import { createMessageStore } from '../../src/stores/messages.ts'
import { createInstallation } from './installation.ts'

let service: Awaited<ReturnType<typeof createInstallation>>
beforeAll(async () => {
  service = await createInstallation()
  await service.run(['db:migrate'])
})
afterAll(() => service.close())

/** A notification about one message; it claims any recipient it likes. */
const notification = (messageId: string, recipient = 'max@example.org') =>
  [
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
    '',
    '--b',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example.org',
    '',
    `Final-Recipient: rfc822; ${recipient}`,
    'Action: failed',
    'Status: 5.1.1',
    '',
    '--b',
    'Content-Type: text/rfc822-headers',
    '',
    `Message-ID: <${messageId}@localhost>`,
    '',
    '--b--',
    '',
  ].join('\r\n')

async function bounce(email: string) {
  const input = (async function* () {
    yield Buffer.from(email)
  })()
  const { exitCode, out, err } = await service.run(['mails:bounce', '--json'], { input })
  return { exitCode, err, ...JSON.parse(out) }
}

it('marks the address of a returned e-mail of ours, and lists it masked', async () => {
  const accountId = await service.addActiveAccount('B204581379')
  const { secrets } = loadConfig({ DATA_DIR: service.dataDir })
  const protection = {
    encryption: createFieldEncryption(secrets.encryptionKeys),
    hash: createKeyedHash(secrets.hashKeys),
  }
  const id = randomUUID()
  const payload = { template: 'letterPosted', to: 'max@example.org' }
  const place = { accountId, recipient: 'Max@example.org' }
  const message = { id, kind: 'email', payload, expiresAt: null, createdAt: new Date(), ...place } as const
  await createMessageStore(service.knex, protection).add(message)

  expect((await service.run(['mails:bounces'])).out).toBe('No e-mail came back.\n')
  // Anybody can write to the mailbox: an address without a message of ours marks nobody.
  expect(await bounce(notification(randomUUID()))).toMatchObject({ exitCode: 0, marked: 0 })
  expect(await bounce(notification(id))).toMatchObject({ exitCode: 0, ours: true, marked: 1 })
  expect(await bounce(notification(id))).toMatchObject({ exitCode: 0, marked: 0 })
  const { accounts } = await service.runJson(['mails:bounces'])
  expect(accounts).toMatchObject([{ accountId, email: 'm•••@example.org', reason: 'no_mailbox', toldAt: null }])
  expect((await service.run(['mails:bounces'])).out).toMatch(/m•••@example\.org {2}no_mailbox .* member not told yet/)
  const event = await service.knex('audit_events').where({ type: 'email_bounced' }).first()
  expect(JSON.stringify(event)).not.toContain('example.org')
})

it('refuses what is no notification', async () => {
  expect(await bounce('Subject: Out of office\r\n\r\nI am away')).toMatchObject({ exitCode: 2, error: 'usage' })
  expect((await service.run(['mails:bounce'])).exitCode).toBe(2)
})
