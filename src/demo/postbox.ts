import type { Clock } from '../gateways/clock.ts'
import type { EmailGateway } from '../gateways/email/email.ts'
import type { LetterDelivery } from '../gateways/letters/letter-delivery.ts'
import type { LetterContent, Registration } from '../gateways/letters/letter-pdf.ts'
import type { SmsGateway } from '../gateways/sms/sms.ts'
import type { PostboxStore } from '../stores/messages/development-postbox.ts'

type Settings = { postbox: Pick<PostboxStore, 'put'>; clock: Clock }

/** Creates the way of e-mails in development: they lie in the postbox. */
export const createPostboxEmail = ({ postbox, clock }: Settings): EmailGateway => ({
  async send({ id, to, subject, text, html, link }) {
    const createdAt = clock.now()
    await postbox.put({ id, kind: 'email', to, subject, text, html, code: null, link: link ?? null, createdAt })
  },
  close() {},
})

/** Creates the way of SMS in development. */
export const createPostboxSms = ({ postbox, clock }: Settings): SmsGateway => ({
  async send({ id, to, text }) {
    const code = /#(\d{6})\b/.exec(text)?.[1] ?? null
    const item = { id, kind: 'sms' as const, to, subject: 'SMS', text, html: null, code, link: null }
    await postbox.put({ ...item, createdAt: clock.now() })
  },
})

/** Creates the way of letters in development. The postbox is the member's own letter box: what lies there stays. */
export const createPostboxLetters = ({
  postbox,
  clock,
  renderPdf,
}: Settings & { renderPdf(letters: LetterContent[]): Promise<Uint8Array> }): LetterDelivery => ({
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
})

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
