import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { verifyDkim } from '../../test/support/dkim.ts'
import { hasOpenssl } from '../../test/support/programs.ts'
import { makeCertificates } from '../../test/support/servers/certificates.ts'
import { type SmtpRelay, startSmtpRelay } from '../../test/support/servers/smtp.ts'
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
    ['greylists the recipient', { recipient: 450 }, { permanent: false, responseCode: 450 }],
    ['refuses the recipient', { recipient: 550 }, { permanent: true, responseCode: 550 }],
    ['refuses the content', { content: 554 }, { permanent: false, responseCode: 554 }],
    ['breaks off in DATA', 'drop-in-data', { permanent: false }],
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
    await expect(send()).rejects.toMatchObject({ name: 'RelayFailure', permanent: false })
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
    await expect(demanding.send(mail)).rejects.toMatchObject({ code: 'ETLS', permanent: false })
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
    await expect(stranger.send(mail)).rejects.toMatchObject({ permanent: false })
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
