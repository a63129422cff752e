import type { Clock } from '../gateways/clock.ts'
import type { EmailGateway } from '../gateways/email.ts'
import type { LetterDelivery } from '../gateways/letter-delivery.ts'
import type { LetterContent } from '../gateways/letter-pdf.ts'
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
      async deliver({ letters }) {
        for await (const { content: letter, insuranceNumber } of letters())
          await postbox.put({
            id: letter.id,
            kind: 'letter',
            to: insuranceNumber,
            subject: letterSubjects[letter.kind],
            text: letterText(letter),
            html: null,
            code: letter.kind === 'unlock_code' ? letter.code : null,
            link: null,
            createdAt: clock.now(),
            pdf: await renderPdf([letter]),
          })
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

function letterText(letter: LetterContent): string {
  const { recipient } = letter
  const address = [recipient.name, recipient.addition, recipient.street, `${recipient.postalCode} ${recipient.city}`]
  const lines = letter.kind === 'unlock_code' ? [`Freischaltcode: ${letter.code}`, `gültig bis ${letter.lastDay}`] : []
  return [...address.filter(Boolean), '', ...lines].join('\n')
}
