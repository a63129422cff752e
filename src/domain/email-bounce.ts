import { maskEmail } from './email-address.ts'

/** Why an e-mail came back, as a class; the words of a mail server are never kept. */
export type BounceReason = 'no_mailbox' | 'no_domain' | 'mailbox_full' | 'refused' | 'temporary'

/** A bounce that the account keeps: no further e-mail can arrive when it is hard. */
export type EmailBounce = { reason: BounceReason; at: Date; toldAt: Date | null }

/** Whether the address does not exist: nothing more is sent there. */
export const isHardBounce = (reason: BounceReason): boolean => reason === 'no_mailbox' || reason === 'no_domain'

/**
 * What the member reads about a bounce: `gone` or `full`, with the masked address. Null for what she cannot mend: a refusal of
 * our sender, or a passing fault.
 */
export function bounceNotice(account: { email: string; emailBounce: EmailBounce | null }) {
  const reason = account.emailBounce?.reason
  if (!reason || (reason !== 'mailbox_full' && !isHardBounce(reason))) return null
  return { email: maskEmail(account.email), reason: reason === 'mailbox_full' ? ('full' as const) : ('gone' as const) }
}

/**
 * Classes an enhanced status code (`5.1.1`, RFC 3463) or, where the server gives none, the reply code of RFC 5321 § 4.2.3.
 * A refusal by policy (`5.7.x`) says nothing about the address: a sender on a block list would end every account's e-mail.
 */
export function classifyBounce(status: string | undefined, replyCode?: number): BounceReason {
  const [family, subject, detail] = (status ?? '').split('.')
  if (family === '4') return 'temporary'
  if (family === '5' && subject === '1') return ['2', '10'].includes(detail ?? '') ? 'no_domain' : 'no_mailbox'
  if (family === '5' && subject === '2') return detail === '1' ? 'no_mailbox' : 'mailbox_full'
  if (family === '5') return 'refused'
  if (replyCode === 556) return 'no_domain'
  if (replyCode === 552) return 'mailbox_full'
  return replyCode === 550 || replyCode === 551 || replyCode === 553 ? 'no_mailbox' : 'refused'
}
