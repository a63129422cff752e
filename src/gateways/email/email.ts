import { createTransport } from 'nodemailer'
import { isLoopbackUrl } from '../../domain/network/loopback.ts'
import { describeSmtpError } from './email-relay-faults.ts'

/** An e-mail ready to send. `id` makes the delivery idempotent: it becomes the Message-ID. */
export type Email = { id: string; to: string; subject: string; text: string; html: string; link?: string }

/** `signal` ends a try that hangs: its connection is destroyed, and what has not left yet never does. */
export type EmailGateway = { send(email: Email, signal?: AbortSignal): Promise<void>; close(): void }

/**
 * Milliseconds; a relay that hangs must not hold a worker for nodemailer's ten minutes. They count silence only: a slow try is
 * ended by its signal, and a connection that closes sends nothing more.
 */
const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000, socketCloseTimeout: 0 }

/**
 * `from`: sender that the member sees; `envelopeFrom`: where mail servers return e-mails to. `domain` of Message-IDs. `tls`:
 * whether a relay without STARTTLS is accepted. `ca`, `dkim.privateKey`: PEM. `connections`: at most that many at once.
 */
export type SmtpSettings = {
  url: string
  from: string
  envelopeFrom?: string
  domain: string
  tls: 'required' | 'optional'
  ca?: string
  dkim?: { domainName: string; keySelector: string; privateKey: string }
  connections?: number
}

/** Creates the delivery by SMTP with a pool of connections. */
export function createSmtpGateway(settings: SmtpSettings): EmailGateway {
  const { url, from, domain, dkim } = settings
  const transport = createTransport(
    {
      url,
      pool: true,
      maxConnections: settings.connections ?? 5,
      // The outbox alone decides about another try: after a break in DATA the relay may have the e-mail.
      maxRequeues: 0,
      // What stays in this machine, or in this pod, needs no TLS.
      requireTLS: settings.tls === 'required' && !isLoopbackUrl(url),
      tls: { minVersion: 'TLSv1.2', ca: settings.ca },
      dkim,
      ...timeouts,
    } as object,
    { from },
  )
  return {
    async send({ id, to, subject, text, html }, signal) {
      const headers = { 'Auto-Submitted': 'auto-generated' }
      const messageId = `<${id}@${domain}>`
      const envelope = settings.envelopeFrom ? { from: settings.envelopeFrom, to } : undefined
      await transport.sendMail({ to, subject, text, html, messageId, headers, envelope, signal }).catch((error) => {
        throw describeSmtpError(error)
      })
    },
    close: () => transport.close(),
  }
}
