import type { Clock } from '../gateways/clock.ts'
import type { EmailGateway } from '../gateways/email.ts'
import type { LetterDelivery } from '../gateways/letter-delivery.ts'
import type { LetterContent, Registration } from '../gateways/letter-pdf.ts'
import type { SmsGateway } from '../gateways/sms.ts'
import type { PostboxStore } from '../stores/development-postbox.ts'

type Postbox = Pick<PostboxStore, 'put'>

/** Creates the development drivers for e-mail, SMS and letters: everything sent lies in the postbox. */
export function createPostboxDrivers(
  postbox: Postbox,
  clock: Clock,
  renderPdf: (letters: LetterContent[]) => Promise<Uint8Array>,
): { email: EmailGateway; sms: SmsGateway; letters: LetterDelivery } {
  return {
    email: {
      async send({ id, to, subject, text, html, link }) {
        const createdAt = clock.now()
        await postbox.put({ id, kind: 'email', to, subject, text, html, code: null, link: link ?? null, createdAt })
      },
      close() {},
    },
    sms: {
      async send({ id, to, text }) {
        const code = /#(\d{6})\b/.exec(text)?.[1] ?? null
        await postbox.put({
          id,
          kind: 'sms',
          to,
          subject: 'SMS',
          text,
          html: null,
          code,
          link: null,
          createdAt: clock.now(),
        })
      },
    },
    letters: {
      // The postbox is the member's own letter box: what lies there stays.
      async withdraw() {},
      async receipts() {
        return []
      },
      async settle() {},
      async deliver({ envelopes }) {
        for await (const { id, letters, insuranceNumber } of envelopes()) {
          const codes = letters.flatMap((letter) => ('codes' in letter ? letter.codes : []))
          await postbox.put({
            id,
            kind: 'letter',
            to: insuranceNumber,
            subject: letters.map(({ kind }) => letterSubjects[kind]).join(' · '),
            text: letterText(letters),
            html: null,
            // Of several registrations the newest: it comes last.
            code: codes.at(-1)?.code ?? null,
            codes,
            link: null,
            createdAt: clock.now(),
            pdf: await renderPdf(letters),
          })
        }
      },
    },
  }
}

const letterSubjects: Record<LetterContent['kind'], string> = {
  unlock_code: 'Ihr Freischaltcode',
  account_exists: 'Sie haben bereits ein Konto',
  mobile_replaced: 'Ihre neue Mobilnummer',
  account_ended: 'Ihr Konto ist beendet',
}

function letterText(letters: readonly LetterContent[]): string {
  const recipient = letters[0]?.recipient
  const address = recipient && [
    ...[recipient.name, recipient.addition, recipient.street],
    `${recipient.postalCode} ${recipient.city}`,
  ]
  return [...(address ?? []).filter(Boolean), '', ...letters.flatMap(linesOf)].join('\n')
}

function linesOf(letter: LetterContent): string[] {
  const nameOf = ({ registeredOn, registeredTime, maskedMobile }: Registration) =>
    `registriert am ${registeredOn}, ${registeredTime}, Mobilnummer ${maskedMobile}`
  if ('registrations' in letter) return letter.registrations.map(nameOf)
  if (!('codes' in letter)) return []
  const [only, ...others] = letter.codes
  const codes =
    only && others.length === 0
      ? [`Freischaltcode: ${only.code}`]
      : letter.codes.map((each) => `Freischaltcode: ${each.code} (${nameOf(each)})`)
  return [...codes, `gültig bis ${letter.lastDay}`]
}
