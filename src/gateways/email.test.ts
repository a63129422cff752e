import { SMTPServer } from 'smtp-server'
import { afterEach, describe, expect, it } from 'vitest'
import { createSmtpGateway } from './email.ts'

type Received = { from: string; to: string; data: string }

const servers: SMTPServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise<void>((resolve) => server.close(() => resolve()))
})

/** A real SMTP server on loopback; `refuse` answers the recipient with an error of that code. */
async function startServer(refuse?: number): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo(_address, _session, callback) {
      callback(refuse ? Object.assign(new Error('refused'), { responseCode: refuse }) : null)
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        received.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map((each) => each.address).join(),
          data: Buffer.concat(chunks).toString(),
        })
        callback()
      })
    },
  })
  servers.push(server)
  const port = await new Promise<number>((resolve) => {
    const listening = server.listen(0, '127.0.0.1', () => resolve((listening.address() as { port: number }).port))
  })
  return { url: `smtp://127.0.0.1:${port}`, received }
}

const mail = {
  id: 'message-1',
  to: 'erika@example.org',
  subject: 'Größe zählt',
  text: 'Guten Tag',
  html: '<p>Guten Tag</p>',
}
const sender = { from: 'Meine AOK <noreply@meine.aok.invalid>', domain: 'anmeldung.example.org' }

describe('createSmtpGateway', () => {
  it('delivers text and HTML with a Message-ID that names the message', async () => {
    const { url, received } = await startServer()
    const gateway = createSmtpGateway({ url, ...sender })
    await gateway.send(mail)
    gateway.close()
    expect(received).toHaveLength(1)
    expect(received[0]).toMatchObject({ from: 'noreply@meine.aok.invalid', to: 'erika@example.org' })
    expect(received[0]?.data).toContain('Message-ID: <message-1@anmeldung.example.org>')
    expect(received[0]?.data).toContain('Auto-Submitted: auto-generated')
    expect(received[0]?.data).toMatch(/text\/plain[\s\S]*text\/html/)
  })

  it.each([
    [450, false],
    [550, true],
  ])('rejects when the relay answers %i to the recipient; permanent: %s', async (code, permanent) => {
    const { url, received } = await startServer(code)
    const gateway = createSmtpGateway({ url, ...sender })
    const failure = await gateway.send(mail).catch((error) => error)
    gateway.close()
    expect(failure.permanent).toBe(permanent)
    expect(failure.responseCode).toBe(code)
    expect(received).toHaveLength(0)
  })

  it('rejects when the relay is away', async () => {
    const gateway = createSmtpGateway({ url: 'smtp://127.0.0.1:1', ...sender })
    await expect(gateway.send(mail)).rejects.toThrow()
    gateway.close()
  })
})
