import { maskEmail } from '../input/email-address.ts'

/** Why an e-mail came back, as a class; the words of a mail server are never kept. */
export type BounceReason = 'no_mailbox' | 'no_domain' | 'mailbox_full' | 'refused' | 'temporary'

/** A bounce that the account keeps: no further e-mail can arrive when it is hard. */
export type EmailBounce = { reason: BounceReason; at: Date; toldAt: Date | null }

/** Whether the address does not exist: nothing more is sent there. */
export const isHardBounce = (reason: BounceReason): boolean => reason === 'no_mailbox' || reason === 'no_domain'

const worstFirst: readonly BounceReason[] = ['no_mailbox', 'no_domain', 'mailbox_full', 'refused', 'temporary']

/** Picks the reason that says most about an address; undefined of none. */
export const worstOf = (reasons: readonly BounceReason[]): BounceReason | undefined =>
  worstFirst.find((reason) => reasons.includes(reason))

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
 * What a mail server answered: reply code (RFC 5321, 4.2), enhanced code (RFC 3463). `aboutUs`: its words name the sender or the
 * way, not the mailbox.
 */
export type ServerAnswer = { replyCode?: number; status?: string; aboutUs?: boolean }

const enhanced = /([245]\.\d{1,3}\.\d{1,3})(?!\d|\.\d)/.source
/** `550 5.1.1 …`, `550-5.1.1 …`, `550 #5.1.0 …`, `550 …`, `5.1.1 …` */
const atTheBeginning = new RegExp(`^\\s*(?:([2-5]\\d\\d)(?!\\d|\\.\\d))?[ -]*#?(?:${enhanced})?`)
/** The same within other words (`host mx.example.org said: 550 …`): a number alone may be anything there. */
const within = new RegExp(`\\bsaid: ([45]\\d\\d)(?:[ -]#?${enhanced})?|\\b([45]\\d\\d)[ -]#?${enhanced}`)

const wordsAboutUs =
  /\b(sender|relay(ing)?|spf|dkim|dmarc|spam|reputation|block(ed|ing)?|(block|black|deny)[ -]?list(ed)?|authenticat\w+)\b/i

/** Reads the codes of an answer, of one line or several; of what does not begin like one, those that it quotes. */
export function readAnswer(text: string): ServerAnswer {
  const [, reply, status] = atTheBeginning.exec(text) ?? []
  const [, saidReply, saidStatus, quotedReply, quotedStatus] = (!reply && !status && within.exec(text)) || []
  const code = reply ?? saidReply ?? quotedReply
  return {
    replyCode: code === undefined ? undefined : Number(code),
    status: status ?? saidStatus ?? quotedStatus,
    aboutUs: wordsAboutUs.test(text),
  }
}

/** The time is over, whatever was wrong (RFC 3463, 3.5). */
const isExpiry = (status: string | undefined) => /^\d\.4\.7$/.test(status ?? '')

/** `x.0.0` says nothing (RFC 3463, 3.1). */
const saysWhy = (status: string | undefined): status is string =>
  !!status && !isExpiry(status) && !status.endsWith('.0.0')

/**
 * Classes why an e-mail came back for good: by the status of the report, or when that says nothing by the enhanced code of the
 * server's answer, by its reply code, by what is left.
 */
export function classifyBounce(status: string | undefined, answer: ServerAnswer = {}): BounceReason {
  const known = [status, answer.status].find(saysWhy)
  if (known) return byStatus(known, answer)
  // Exchange writes `550 4.4.7` when the time is over: the reply code is its own.
  if (isExpiry(status) || isExpiry(answer.status)) return 'temporary'
  if (answer.replyCode) return byReply(answer)
  return status?.startsWith('4') ? 'temporary' : 'refused'
}

/**
 * Tells what the answer of our own relay says about the recipient; undefined when it is about us or the relay: anything but a
 * permanent enhanced code of the recipient's kind, in answer to the recipient or the content.
 */
export function relayRefusal(command: string | undefined, answer: ServerAnswer): BounceReason | undefined {
  if (command !== 'RCPT TO' && command !== 'DATA') return undefined
  if (!answer.replyCode || answer.replyCode < 500 || !recipientsKind.test(answer.status ?? '')) return undefined
  return answer.status === '5.1.0' && answer.aboutUs ? undefined : classifyBounce(answer.status, answer)
}

/** RFC 3463, 3.2 and 3.3, without what is said of the sender (5.1.7, 5.1.8) or the next server (5.1.9); see `unreachable`. */
const recipientsKind = /^5\.(1\.([0-4]|6|10)|2\.\d+|4\.(1|4|310))$/

/** Codes of routing by which servers say that nobody takes e-mail there: Exchange Online (5.4.1, 5.4.310) and RFC 3463, 3.5. */
const unreachable = ['1', '4', '310']

/**
 * By enhanced code. A refusal by policy (`5.7.x`) says nothing about the address: a sender on a block list would end every
 * account's e-mail.
 */
function byStatus(status: string, answer: ServerAnswer): BounceReason {
  const [family, subject, detail = ''] = status.split('.')
  if (status === '4.2.2') return 'mailbox_full'
  if (family === '4') return 'temporary'
  if (family !== '5') return 'refused'
  if (subject === '1') return byAddress(detail, answer)
  if (subject === '2') return byMailbox(detail, answer)
  if (subject === '4' && unreachable.includes(detail)) return 'no_domain'
  // Outlook.com answers a mailbox that it has not with `550 5.5.0`, which says no more than the reply code.
  return status === '5.5.0' && answer.replyCode === 550 ? byReply(answer) : 'refused'
}

function byAddress(detail: string, { replyCode, aboutUs }: ServerAnswer): BounceReason {
  if (['1', '3', '4', '6'].includes(detail)) return 'no_mailbox'
  if (detail === '2') return 'no_domain'
  // Null MX (RFC 7505); Exchange Online says it of a mailbox, in its own answer.
  if (detail === '10') return replyCode === 550 ? 'no_mailbox' : 'no_domain'
  // "Other address status": Postfix says it of senders, and without any answer of a null MX. What is left is of the sender.
  if (detail !== '0' || aboutUs) return 'refused'
  return replyCode === undefined ? 'no_domain' : 'no_mailbox'
}

function byMailbox(detail: string, { replyCode }: ServerAnswer): BounceReason {
  if (detail === '1') return 'no_mailbox'
  return detail === '2' || (detail === '0' && replyCode === 552) ? 'mailbox_full' : 'refused'
}

/** By reply code alone (RFC 5321, 4.2.3; 521 and 556: RFC 7504). Servers give 550 to senders that they do not like, too. */
function byReply({ replyCode = 0, aboutUs }: ServerAnswer): BounceReason {
  if (replyCode < 500) return 'temporary'
  if (aboutUs) return 'refused'
  if (replyCode === 552) return 'mailbox_full'
  if (replyCode === 521 || replyCode === 556) return 'no_domain'
  return [550, 551, 553].includes(replyCode) ? 'no_mailbox' : 'refused'
}
