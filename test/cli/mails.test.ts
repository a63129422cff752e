import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMessageStore } from '../../src/stores/messages/messages.ts'
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

const streamOf = (email: string) => Readable.from([Buffer.from(email)])

async function bounce(email: string) {
  const { exitCode, out, err } = await service.run(['mails:bounce', '--json'], { input: streamOf(email) })
  return { exitCode, err, ...JSON.parse(out) }
}

/** An account to whose address an e-mail went. */
async function written(insuranceNumber: string, email: string) {
  const accountId = await service.addActiveAccount(insuranceNumber, { email, username: email })
  const { protection } = service.createWorld()
  const id = randomUUID()
  const message = { id, kind: 'email', payload: {}, expiresAt: null, createdAt: new Date(), accountId } as const
  await createMessageStore(service.knex, protection).add({ ...message, recipient: email.toUpperCase() })
  return { id, accountId }
}

const reasonOf = async (id: string) => (await service.knex('accounts').where({ id }).first()).email_bounce

it('marks the address of a returned e-mail of ours, and lists it masked', async () => {
  const { id, accountId } = await written('B204581379', 'max@example.org')

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

it('takes what is no notification, or about no e-mail of ours, and answers nobody (RFC 3834)', async () => {
  expect(await bounce('Subject: Out of office\r\n\r\nI am away')).toMatchObject({ exitCode: 0, report: false })
  expect(await bounce('')).toMatchObject({ exitCode: 0, report: false })
  expect(await bounce(notification('x'))).toMatchObject({ exitCode: 0, ours: false })
  expect((await service.run(['mails:bounce'])).exitCode).toBe(2)
})

it('marks nothing for an address behind the member’s, to which her mailbox forwards', async () => {
  const { id, accountId } = await written('C307526930', 'lena@example.org')
  expect(await bounce(notification(id, 'elsewhere@example.net'))).toMatchObject({ exitCode: 0, ours: true, marked: 0 })
  expect(await reasonOf(accountId)).toBeNull()
  expect(await bounce(notification(id, 'LENA@example.org'))).toMatchObject({ exitCode: 0, marked: 1 })
  expect(await reasonOf(accountId)).toBe('no_mailbox')
})

it.each([
  ['the database is away', ['mails:bounce'], { DATABASE_URL: 'postgres://nobody:x@127.0.0.1:1/none' }],
  ['a setting is wrong', ['mails:bounce'], { LOG_LEVEL: 'loud' }],
  ['the configuration is away', ['mails:bounce'], { CONFIG_DIR: '/nowhere' }],
  ['an option is unknown', ['mails:bounce', '--quiet'], {}],
])('asks to have the e-mail again when %s', async (_, args, changes) => {
  const variables = { DATA_DIR: service.dataDir, ...changes }
  expect((await service.run(args, { input: streamOf(notification(randomUUID())), variables })).exitCode).toBe(75)
})

it('asks to have it again when reading it breaks', async () => {
  const broken = Readable.from(
    (async function* () {
      yield Buffer.from('Subject: ')
      throw new Error('EIO')
    })(),
  )
  expect((await service.run(['mails:bounce'], { input: broken })).exitCode).toBe(75)
})

describe('its process', () => {
  const start = (...args: string[]) =>
    spawn(process.execPath, ['src/cli/main.ts', 'mails:bounce', ...args], { stdio: ['pipe', 'ignore', 'ignore'] })
  const ended = (child: ReturnType<typeof start>) => new Promise((resolve) => child.on('close', resolve))

  it('ends with 75 when nothing comes in time', async () => {
    const child = start('--patience', '1')
    child.stdin.write('Subject: half')
    expect(await ended(child)).toBe(75)
  })

  it('ends with 75 when it is told to', async () => {
    const child = start()
    // It reads on when all of this is gone: far more than a pipe holds.
    await new Promise((resolve) => child.stdin.write(Buffer.alloc(1_000_000, 'x'), resolve))
    child.kill('SIGTERM')
    expect(await ended(child)).toBe(75)
  })
})
