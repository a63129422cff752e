import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { verifyDkim } from '../../../test/support/dkim.ts'
import { hasOpenssl } from '../../../test/support/machine/programs.ts'
import { makeCertificates } from '../../../test/support/servers/certificates.ts'
import { type SmtpRelay, startSmtpRelay } from '../../../test/support/servers/smtp.ts'
import { createSmtpGateway, type EmailGateway, type SmtpSettings } from './email.ts'

const mail = {
  id: 'message-1',
  to: 'erika@example.org',
  subject: 'Größe zählt',
  text: 'Guten Tag',
  html: '<p>Guten Tag</p>',
}

let relay: SmtpRelay | undefined
let gateway: EmailGateway | undefined
afterEach(async () => {
  gateway?.close()
  await relay?.close()
})

async function open(changes: Partial<SmtpSettings> = {}, ...given: Parameters<typeof startSmtpRelay>) {
  relay = await startSmtpRelay(...given)
  const from = 'Meine AOK <noreply@meine.aok.invalid>'
  gateway = createSmtpGateway({
    ...{ url: relay.url, from, domain: 'anmeldung.example.org', tls: 'required' },
    ...changes,
  })
  return { relay, gateway, send: () => (gateway as EmailGateway).send(mail) }
}

/** The relay as a machine that is not this one: this address leads to loopback without being of it. */
const elsewhere = (port: number) => `smtp://0.0.0.0:${port}`

describe('createSmtpGateway', () => {
  it('delivers text and HTML with a Message-ID that names the message', async () => {
    const { relay, send } = await open()
    await send()
    expect(relay.received).toHaveLength(1)
    expect(relay.received[0]).toMatchObject({ from: 'noreply@meine.aok.invalid', to: 'erika@example.org' })
    expect(relay.received[0]?.data).toContain('Message-ID: <message-1@anmeldung.example.org>')
    expect(relay.received[0]?.data).toContain('Auto-Submitted: auto-generated')
    expect(relay.received[0]?.data).toMatch(/text\/plain[\s\S]*text\/html/)
  })

  it('lets mail servers return e-mails to an address of its own', async () => {
    const { relay, send } = await open({ envelopeFrom: 'bounces@meine.aok.invalid' })
    await send()
    expect(relay.received[0]).toMatchObject({ from: 'bounces@meine.aok.invalid', to: 'erika@example.org' })
    expect(relay.received[0]?.data).toContain('noreply@meine.aok.invalid')
  })

  it.each([
    ['greylists the recipient', { recipient: 450 }, { permanent: false, responseCode: 450, fault: 'defers' }],
    [
      'refuses the recipient with a code of its kind',
      { recipient: 550, text: '5.1.1 unknown' },
      { permanent: true, reason: 'no_mailbox' },
    ],
    ['is Exchange Online', { recipient: 550, text: '5.4.1 Access denied' }, { permanent: true, reason: 'no_domain' }],
    ['finds the mailbox full', { content: 552, text: '5.2.2 full' }, { permanent: true, reason: 'mailbox_full' }],
    [
      'finds it full for now',
      { recipient: 452, text: '4.2.2 full' },
      { permanent: false, fault: 'defers', reason: 'mailbox_full' },
    ],
    // None of these is about the recipient.
    ['is Exim', { recipient: 550, text: 'relay not permitted' }, { permanent: false, fault: 'refuses' }],
    ['is OpenSMTPD', { recipient: 550, text: 'Invalid recipient' }, { permanent: false, fault: 'refuses' }],
    ['has a policy', { recipient: 550, text: '5.7.1 denied' }, { permanent: false, fault: 'refuses' }],
    ['has another sequence', { recipient: 503, text: '5.5.1 not yet' }, { permanent: false, fault: 'refuses' }],
    ['wants a log-in', { recipient: 530, text: '5.7.0 log in' }, { permanent: false, fault: 'credentials' }],
    ['wants TLS', { recipient: 530, text: '5.7.0 Must issue a STARTTLS command' }, { permanent: false, fault: 'tls' }],
    [
      'refuses the sender late',
      { recipient: 550, text: '5.1.8 sender domain' },
      { permanent: false, reason: undefined },
    ],
    ['refuses the content', { content: 554 }, { permanent: false, responseCode: 554, fault: 'refuses' }],
    ['breaks off in DATA', 'drop-in-data', { permanent: false, fault: 'cut' }],
  ] as const)('rejects when the relay %s', async (_, behaviour, expected) => {
    const { relay, send } = await open({}, behaviour)
    expect(await send().catch((error) => error)).toMatchObject(expected)
    expect(relay.received).toHaveLength(0)
    // The outbox alone tries again: what breaks in DATA may have arrived.
    expect(relay.submissions()).toBe(1)
  })

  it('ends a try that hangs with its connection, which the next e-mail does not wait for', async () => {
    const { gateway, relay, send } = await open({ connections: 1 }, 'hang')
    const abort = new AbortController()
    const hanging = gateway.send(mail, abort.signal).catch((error) => error)
    await expect.poll(relay.submissions).toBe(1)
    const next = send()
    relay.behave('ok')
    abort.abort()
    expect(await hanging).toMatchObject({ name: 'RelayFailure', code: 'EABORT', permanent: false })
    await next
    expect(relay.submissions()).toBe(2)
  })

  it('keeps the words of the relay, which quote addresses, out of its errors', async () => {
    const { send } = await open({}, { recipient: 550, text: '5.1.1 <erika@example.org> unknown' })
    const failure = await send().catch((error) => error)
    expect(failure).toMatchObject({ status: '5.1.1' })
    expect(`${JSON.stringify(failure)} ${failure.message} ${failure.cause}`).not.toContain('erika')
  })

  it('rejects when the relay is away', async () => {
    const { gateway, relay, send } = await open()
    await relay.close()
    await expect(send()).rejects.toMatchObject({ name: 'RelayFailure', permanent: false, fault: 'away' })
    gateway.close()
  })
})

describe.skipIf(!hasOpenssl())('TLS to the relay', () => {
  let ca = ''
  let tls = { cert: '', key: '' }
  beforeAll(async () => {
    const files = await makeCertificates()
    ca = readFileSync(files.ca, 'utf8')
    tls = { cert: readFileSync(files.certificate, 'utf8'), key: readFileSync(files.key, 'utf8') }
    files.remove()
  })

  it('is demanded: nothing leaves in the clear, except to loopback or where it is optional', async () => {
    const { relay, send } = await open()
    await send()
    const strict = { from: 'a@example.org', domain: 'example.org', url: elsewhere(relay.port) }
    const demanding = createSmtpGateway({ ...strict, tls: 'required' })
    await expect(demanding.send(mail)).rejects.toMatchObject({ code: 'ETLS', permanent: false, fault: 'tls' })
    demanding.close()
    expect(relay.received).toHaveLength(1)
    const lenient = createSmtpGateway({ ...strict, tls: 'optional' })
    await lenient.send(mail)
    lenient.close()
    expect(relay.received.map(({ secure }) => secure)).toEqual([false, false])
  })

  it('is used by STARTTLS, with an authority of the operator', async () => {
    const { relay } = await open({}, 'ok', { tls })
    const settings = {
      from: 'a@example.org',
      domain: 'example.org',
      url: elsewhere(relay.port),
      tls: 'required',
    } as const
    const knowing = createSmtpGateway({ ...settings, ca })
    await knowing.send(mail)
    knowing.close()
    expect(relay.received).toMatchObject([{ secure: true }])
    const stranger = createSmtpGateway(settings)
    await expect(stranger.send(mail)).rejects.toMatchObject({ permanent: false, fault: 'certificate' })
    stranger.close()
    expect(relay.received).toHaveLength(1)
  })

  it('may begin with the connection', async () => {
    const { relay, send } = await open({ ca }, 'ok', { tls, implicit: true })
    await send()
    expect(relay.received).toMatchObject([{ secure: true }])
  })
})

describe('DKIM', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string

  it('signs what leaves, so that a change is seen', async () => {
    const { relay, send } = await open({
      dkim: { domainName: 'aok.example.org', keySelector: 'anmeldung', privateKey: pem },
    })
    await send()
    const data = relay.received[0]?.data ?? ''
    expect(verifyDkim(data, publicKey)).toMatchObject({
      valid: true,
      tags: { d: 'aok.example.org', s: 'anmeldung', a: 'rsa-sha256' },
    })
    expect(verifyDkim(data.replace('Guten Tag', 'Guter Tag'), publicKey).valid).toBe(false)
  })
})

/** Answers with what it has for the beginning of a line, `250` else; `''` says nothing, `cut` hangs up. */
async function startSpeaker(answers: Record<string, string>) {
  const server = createServer((socket) => {
    socket.on('error', () => {}).write('220 relay.example.org\r\n')
    socket.on('data', (data) => {
      const command = Object.keys(answers).find((begin) => String(data).startsWith(begin))
      const answer = command === undefined ? '250 ok' : answers[command]
      if (answer === 'cut') socket.destroy()
      else if (answer) socket.write(`${answer}\r\n`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}

describe('what is wrong with the relay has a name', () => {
  const tlsOffered = { EHLO: '250-relay\r\n250 STARTTLS' }
  const loginOffered = { EHLO: '250-relay\r\n250 AUTH PLAIN LOGIN' }
  it.each([
    ['credentials', { ...loginOffered, AUTH: '535 5.7.8 no' }, 'u:p@'],
    ['credentials', { MAIL: '530 5.7.0 Authentication required' }, ''],
    ['defers', { ...loginOffered, AUTH: '454 4.7.0 later' }, 'u:p@'],
    ['tls', { ...tlsOffered, STARTTLS: '454 not now' }, ''],
    ['tls', { ...tlsOffered, STARTTLS: '220 go on\r\nno TLS in here' }, ''],
    ['tls', { ...tlsOffered, STARTTLS: '220 go on', '\u0016': 'cut' }, ''],
    ['refuses', { MAIL: '550 5.1.8 sender domain' }, ''],
    ['refuses', { RCPT: '550 5.7.1 denied' }, ''],
    ['cut', { RCPT: 'cut' }, ''],
  ])('%s: %o', async (fault, answers, user) => {
    const speaker = await startSpeaker(answers)
    const from = 'a@example.org'
    const url = elsewhere(speaker.port).replace('//', `//${user}`)
    const gateway = createSmtpGateway({
      url,
      from,
      domain: 'example.org',
      tls: 'STARTTLS' in answers ? 'required' : 'optional',
    })
    await expect(gateway.send(mail)).rejects.toMatchObject({ name: 'RelayFailure', permanent: false, fault })
    gateway.close()
    speaker.close()
  })

  it('away: no such name', async () => {
    const gateway = createSmtpGateway({
      url: 'smtp://relay.invalid',
      from: 'a@example.org',
      domain: 'b',
      tls: 'optional',
    })
    await expect(gateway.send(mail)).rejects.toMatchObject({ fault: 'away' })
    gateway.close()
  })
})
