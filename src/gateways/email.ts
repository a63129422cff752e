import { createTransport } from 'nodemailer'

/** An e-mail ready to send. `id` makes the delivery idempotent: it becomes the Message-ID. */
export type Email = { id: string; to: string; subject: string; text: string; html: string; link?: string }

export type EmailGateway = { send(email: Email): Promise<void>; close(): void }

/** Milliseconds; a relay that hangs must not hold a worker for nodemailer's ten minutes. */
const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 }

/** Creates the delivery by SMTP with a pool of connections; `from` is the sender of all e-mails. */
export function createSmtpGateway({ url, from, domain }: { url: string; from: string; domain: string }): EmailGateway {
  const transport = createTransport({ url, pool: true, maxConnections: 5, ...timeouts } as object, { from })
  return {
    async send({ id, to, subject, text, html }) {
      await transport.sendMail({
        to,
        subject,
        text,
        html,
        messageId: `<${id}@${domain}>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
      })
    },
    close: () => transport.close(),
  }
}
