import type { Config } from '../config.ts'
import type { Clock } from '../gateways/clock.ts'
import { createSmtpGateway } from '../gateways/email.ts'
import type { LetterDelivery } from '../gateways/letter-delivery.ts'
import type { LetterContent } from '../gateways/letter-pdf.ts'
import { createLetterSpool } from '../gateways/letter-spool.ts'
import type { SmsGateway } from '../gateways/sms.ts'
import type { Database } from '../stores/database.ts'
import { createPostboxStore } from '../stores/development-postbox.ts'

type Settings = {
  knex: Database
  clock: Clock
  issuer: string
  renderPdf: (letters: LetterContent[]) => Promise<Uint8Array>
  /** The way over real gateways, where the settings name one. */
  sms: SmsGateway | undefined
  /** The print shop’s server showed a host key that is not pinned. */
  unknownPrintShopKey(fingerprint: string): void
}

/**
 * Chooses how e-mail, SMS and letters leave. The postbox stands in where the configuration allows it; its code is
 * loaded outside production only.
 */
export async function createDrivers(
  config: Config,
  { knex, clock, issuer, renderPdf, sms, unknownPrintShopKey }: Settings,
) {
  const { email, insurer } = config
  const postbox = createPostboxStore(knex)
  const real = {
    email:
      email.url &&
      createSmtpGateway({
        ...{ ...email, url: email.url },
        from: insurer.mailFrom,
        domain: new URL(issuer).hostname,
        connections: config.deliveries.email.atOnce,
      }),
    sms,
    letters: await createLetterDriver(config.letters, unknownPrintShopKey),
  }
  if (real.email && real.sms && real.letters)
    return { postbox, email: real.email, sms: real.sms, letters: real.letters }
  const { createPostboxDrivers } = await import('../demo/postbox.ts')
  const standIn = createPostboxDrivers(postbox, clock, renderPdf)
  return {
    postbox,
    email: real.email || standIn.email,
    sms: real.sms || standIn.sms,
    letters: real.letters || standIn.letters,
  }
}

/** The library of SSH is loaded only where it is used. */
async function createLetterDriver(
  letters: Config['letters'],
  reportUnknownKey: Settings['unknownPrintShopKey'],
): Promise<LetterDelivery | undefined> {
  if (letters.driver === 'spool') return createLetterSpool(letters.folder)
  if (letters.driver !== 'sftp') return undefined
  const { createLetterSftp, sftpTimeouts } = await import('../gateways/letter-sftp.ts')
  return createLetterSftp({ ...letters, timeouts: sftpTimeouts, reportUnknownKey })
}
