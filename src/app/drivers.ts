import type { Config } from '../config.ts'
import type { Clock } from '../gateways/clock.ts'
import type { EmailGateway } from '../gateways/email/email.ts'
import type { LetterDelivery } from '../gateways/letters/letter-delivery.ts'
import type { LetterContent } from '../gateways/letters/letter-pdf.ts'
import { createLetterSpool } from '../gateways/letters/letter-spool.ts'
import type { SmsGateway } from '../gateways/sms/sms.ts'
import type { PostboxStore } from '../stores/messages/development-postbox.ts'

type Postbox = { postbox: PostboxStore; clock: Clock }

type LetterParts = Postbox & {
  renderPdf: (letters: LetterContent[]) => Promise<Uint8Array>
  /** The print shop’s server showed a host key that is not pinned. */
  unknownPrintShopKey(fingerprint: string): void
}

/** How e-mail, SMS and letters leave: each is made when something may leave that way. */
export type Drivers = {
  email(parts: Postbox & { issuer: string }): EmailGateway
  /** Unset: over the gateways that the settings name. */
  sms: ((parts: Postbox) => SmsGateway) | undefined
  letters(parts: LetterParts): LetterDelivery
}

const loadPostbox = () => import('../demo/postbox.ts')

/**
 * Chooses the drivers and loads what not every installation has: the libraries of SMTP and SSH, and the postbox, which stands in where the
 * configuration allows it, outside production only.
 */
export async function loadDrivers(config: Config): Promise<Drivers> {
  return {
    email: (await loadSmtp(config)) ?? (await loadPostbox()).createPostboxEmail,
    sms: config.sms.driver === 'postbox' ? (await loadPostbox()).createPostboxSms : undefined,
    letters: await loadLetterDriver(config.letters),
  }
}

async function loadSmtp({ email, insurer, deliveries }: Config): Promise<Drivers['email'] | undefined> {
  const { url } = email
  if (!url) return undefined
  const { createSmtpGateway } = await import('../gateways/email/email.ts')
  return ({ issuer }) =>
    createSmtpGateway({
      ...{ ...email, url },
      from: insurer.mailFrom,
      domain: new URL(issuer).hostname,
      connections: deliveries.email.atOnce,
    })
}

async function loadLetterDriver(letters: Config['letters']): Promise<Drivers['letters']> {
  if (letters.driver === 'spool') return () => createLetterSpool(letters.folder)
  if (letters.driver !== 'sftp') return (await loadPostbox()).createPostboxLetters
  const { createLetterSftp, sftpTimeouts } = await import('../gateways/letters/letter-sftp.ts')
  return ({ unknownPrintShopKey }) =>
    createLetterSftp({ ...letters, timeouts: sftpTimeouts, reportUnknownKey: unknownPrintShopKey })
}
