import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMessageStore } from '../../src/stores/messages/messages.ts'
import { createInstallation } from '../cli/installation.ts'
import { report } from '../support/delivery-reports.ts'

const wrapper = resolve('deploy/mail/mails-bounce')
const absence = 'From: a@example.org\nAuto-Submitted: auto-replied\nSubject: Abwesend\n\nIch bin im Urlaub.\n'

let service: Awaited<ReturnType<typeof createInstallation>>
let folder: string
beforeAll(async () => {
  service = await createInstallation()
  await service.run(['db:migrate'])
  folder = mkdtempSync(join(tmpdir(), 'mail pipe-'))
})
afterAll(async () => {
  await service?.close()
  rmSync(folder, { recursive: true, force: true })
})

let files = 0
const write = (content: string, mode = 0o600) => {
  const path = join(folder, `${files++}`)
  writeFileSync(path, content, { mode })
  return path
}
const settings = (more = '') => write(`DATA_DIR='${service.dataDir}'\nNODE_ENV=development\n${more}\n`)
/** A program that does as told, in place of the command. */
const instead = (script: string) => settings(`MAILS_BOUNCE_COMMAND='/bin/sh ${write(script)}'`)

type Way = { input?: string; command?: string; signal?: NodeJS.Signals }

/** Runs the wrapper as mail servers do: no environment, in a folder that is not the application's. */
function pipe(args: string[], { input, command = wrapper, signal }: Way = {}): Promise<number | null> {
  return new Promise((done) => {
    const child = spawn('/usr/bin/env', ['-i', command, ...args], { cwd: '/', detached: true, stdio: 'pipe' })
    child.stdin.on('error', () => {})
    if (input !== undefined) child.stdin.end(input)
    // As mail servers end what takes too long: with all that it has started.
    if (signal) child.stderr.once('data', () => process.kill(-(child.pid as number), signal))
    child.on('close', (code) => done(code))
  })
}

describe('the program of a mailbox, as mail servers run it', () => {
  it('notes a report', async () => {
    const accountId = await service.addActiveAccount('B204581379')
    const id = randomUUID()
    const message = { id, kind: 'email', payload: {}, expiresAt: null, createdAt: new Date(), accountId } as const
    const { protection } = service.createWorld()
    await createMessageStore(service.knex, protection).add({ ...message, recipient: 'max@example.org' })
    const input = report({ messageId: `<${id}@example.org>`, groups: [['Action: failed', 'Status: 5.1.1']] })
    const link = join(folder, 'mails-bounce')
    symlinkSync(wrapper, link)
    expect(await pipe([settings()], { input, command: link })).toBe(0)
    expect(await service.knex('accounts').where({ id: accountId }).first()).toMatchObject({
      email_bounce: 'no_mailbox',
    })
  })

  it('takes what is no report, or too long for one, and answers nobody', async () => {
    expect(await pipe([settings()], { input: absence })).toBe(0)
    expect(await pipe([settings()], { input: '' })).toBe(0)
    expect(await pipe([settings()], { input: `${report()}${'x'.repeat(10_100_000)}` })).toBe(0)
  })

  it.each([
    ['the database is away', () => settings('DATABASE_URL=postgres://nobody:x@127.0.0.1:1/none')],
    ['a setting is wrong', () => settings('LOG_LEVEL=loud')],
    ['the settings are missing', () => '/nowhere'],
    ['the settings are no assignments', () => write("DATA_DIR='\n")],
    ['the settings end the shell', () => write('exit 3\n')],
    ['the application is missing', () => settings('ANMELDUNG_DIR=/nowhere')],
    [
      'an option is unknown',
      () => settings("MAILS_BOUNCE_COMMAND='node_modules/.bin/node src/cli/main.ts mails:bounce --x'"),
    ],
    ['the program is missing', () => settings('MAILS_BOUNCE_COMMAND=/nowhere/node')],
    ['the program says no', () => instead('exit 1')],
    ['the program has a usage of its own', () => instead('exit 64')],
    ['the program is killed', () => instead('kill -9 $$')],
    ['the code cannot be loaded', () => settings("MAILS_BOUNCE_COMMAND='node_modules/.bin/node src/cli/nothing.ts'")],
  ])('is brought the e-mail again when %s', async (_, made) => {
    expect(await pipe([made()], { input: report() })).toBe(75)
  })

  it('is brought it again when the input does not end, or it is ended itself', async () => {
    const command = "MAILS_BOUNCE_COMMAND='node_modules/.bin/node src/cli/main.ts mails:bounce --patience"
    expect(await pipe([settings(`${command} 1'`)])).toBe(75)
    expect(await pipe([instead('echo begun >&2\nsleep 60')], { signal: 'SIGTERM' })).toBe(75)
  })
})

describe('what is written for mail servers', () => {
  const lines = (name: string) => readFileSync(join('deploy/mail', name), 'utf8')

  it('names the program where it lies, and never a status that they do not understand', () => {
    expect(readdirSync('deploy/mail').sort()).toEqual(['exim', 'mails-bounce', 'opensmtpd', 'postfix', 'sendmail'])
    for (const name of ['exim', 'opensmtpd', 'postfix', 'sendmail'])
      expect(lines(name)).toContain('/opt/anmeldung/deploy/mail/mails-bounce')
  })
})
