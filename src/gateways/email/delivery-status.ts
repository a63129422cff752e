import { domainToASCII } from 'node:url'
import { type Attachment, type ParsedMail, simpleParser } from 'mailparser'
import {
  type BounceReason,
  classifyBounce,
  isHardBounce,
  readAnswer,
  type ServerAnswer,
} from '../../domain/messages/email-bounce.ts'
import { ownId, quotedOwnId } from './message-id.ts'

/** A recipient that a report gives up; `recipient`: the address that failed, in ASCII, where the report names one. */
export type FailedRecipient = { recipient?: string; reason: BounceReason }

/** What a report says: our id of the e-mail, and which recipients did not get it. Both may be missing: it is about others. */
export type DeliveryStatus = { messageId?: string; failures: FailedRecipient[] }

/** RFC 3464 and, with addresses outside ASCII, RFC 6533; a `multipart/report` around it is usual, not certain. */
const statusTypes = ['message/delivery-status', 'message/global-delivery-status']
const returnedTypes = /^(message\/(rfc822|global|global-headers|rfc822-headers)|text\/rfc822-headers)$/

/** What is kept of the texts is the search for a Message-ID. */
const options = {
  keepDeliveryStatus: true,
  skipHtmlToText: true,
  skipTextToHtml: true,
  skipImageLinks: true,
  // A returned e-mail stays a part of its own also where it is marked `inline`; mailsplit's name for it.
  ignoreEmbedded: true,
}

/**
 * Reads a delivery status notification (RFC 3464, RFC 6533); undefined when it is none. Anybody can send one, so only the
 * Message-ID of the returned e-mail counts, which nobody but the receiving side knows. Delays and successes are no failure.
 */
export async function readDeliveryStatus(email: Buffer): Promise<DeliveryStatus | undefined> {
  // What the parser refuses is no report of any mail server.
  const mail = await simpleParser(email, options).catch(() => undefined)
  const status = mail?.attachments.find(({ contentType }) => statusTypes.includes(contentType))
  if (!mail || !status) return undefined
  // RFC 3464, 2.1: one group about the message, then one for each recipient.
  const groups = textOf(status)
    .split(/\r?\n(?:[ \t]*\r?\n)+/)
    .map(readFields)
  const answers = answersInWords(mail.text ?? '')
  return {
    messageId: returnedId(mail),
    failures: groups
      .filter(isFailure)
      .slice(0, mostFailures)
      .map((fields) => failureOf(fields, answers)),
  }
}

/** Ours go to one recipient; each costs a question to the database. */
const mostFailures = 100

type Fields = Map<string, string>

const textOf = ({ content }: Attachment) => content.toString('utf8').replace(/\r(?!\n)/g, '\n')

/** Header fields by name in lower case, unfolded; of two of one name the first. */
function readFields(text: string): Fields {
  const fields: Fields = new Map()
  for (const line of text.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim().toLowerCase()
    if (colon > 0 && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim())
  }
  return fields
}

/**
 * The id of our e-mail: from what was returned of it; where nothing with an id was, from what the report answers, else from what it
 * quotes. What is returned of another's e-mail may well answer ours.
 */
function returnedId({ attachments, inReplyTo, references, text }: ParsedMail): string | undefined {
  const returned = attachments
    .filter(({ contentType }) => returnedTypes.test(contentType))
    .flatMap((part) => readFields(textOf(part).split(/\r?\n\r?\n/)[0] ?? '').get('message-id') ?? [])
  if (returned.length > 0) return returned.map(ownId).find(Boolean)
  const answered = [inReplyTo, references].flat().flatMap((ids) => ids?.split(/\s+/) ?? [])
  const quoted = quotedOwnId(text)
  return answered.map(ownId).find(Boolean) ?? quoted
}

/**
 * Whether a recipient is given up. OpenSMTPD calls it `delayed` to the end: expired (4.4.7), and no word of a further try. A
 * comment may follow the word (RFC 3464, 2.3.3).
 */
function isFailure(fields: Fields): boolean {
  const action = /^[a-z]+/.exec(fields.get('action')?.toLowerCase() ?? '')?.[0]
  const status = statusOf(fields)
  if (status?.startsWith('2')) return false
  if (action === 'delayed') return status === '4.4.7' && !fields.has('will-retry-until')
  return action === 'failed' || (action === undefined && status?.startsWith('5') === true)
}

const statusOf = (fields: Fields) => /^[245]\.\d{1,3}\.\d{1,3}(?!\d)/.exec(fields.get('status') ?? '')?.[0]

function failureOf(fields: Fields, answers: ReadonlyMap<string, string>): FailedRecipient {
  const final = fields.get('final-recipient')
  const recipient = addressOf(final) ?? addressOf(fields.get('original-recipient'))
  const diagnostic = fields.get('diagnostic-code')
  const answer =
    diagnostic === undefined ? readAnswer(answers.get(recipient?.toLowerCase() ?? '') ?? '') : answerOf(diagnostic)
  const reason = classifyBounce(statusOf(fields), answer)
  // Somebody whom we cannot tell: perhaps a second address, to which ours forwards.
  return { recipient, reason: !recipient && final && isHardBounce(reason) ? 'refused' : reason }
}

/** RFC 3464, 2.3.6: type and text; of another kind than SMTP (`x-unix; …`) a number at the beginning may be anything. */
function answerOf(diagnostic: string): ServerAnswer {
  const [, type, text = ''] = /^(?:([\w-]+)\s*;)?(.*)$/s.exec(diagnostic) ?? []
  return readAnswer(!type || /^(smtp|lmtp)$/i.test(type) ? text : `${type}: ${text}`)
}

/** OpenSMTPD gives the answer to people only: `erika@example.org: 550 …`. By address, the first of each. */
function answersInWords(words: string): ReadonlyMap<string, string> {
  const lines = words.split(/\r?\n/).flatMap((line) => {
    const colon = line.indexOf(': ')
    const address = line.slice(0, Math.max(colon, 0)).trim().toLowerCase()
    return address.includes('@') ? [[address, line.slice(colon + 2)] as const] : []
  })
  return new Map(lines.reverse())
}

/**
 * `rfc822; erika@example.org`, `utf-8; erika@müller.example`, also under another type or none, and with a comment behind it; with a
 * domain in ASCII as we keep it. No address without an `@` (X.400).
 */
function addressOf(field: string | undefined): string | undefined {
  const [, given] = /^(?:[\w-]+\s*;)?\s*<?([^<>]*?)>?(?:\s+\([^()]*\))?$/.exec(field?.slice(0, 1000) ?? '') ?? []
  // RFC 6533, 3: characters outside ASCII may be written as `\x{FC}`.
  const address = given?.trim().replace(/\\x\{([0-9A-F]{2,6})\}/gi, (_, hex) => characterOf(hex))
  const at = address?.lastIndexOf('@') ?? -1
  if (!address || at < 1) return undefined
  return `${address.slice(0, at)}@${domainToASCII(address.slice(at + 1)) || address.slice(at + 1)}`
}

function characterOf(hex: string): string {
  const point = Number.parseInt(hex, 16)
  return point <= 0x10ffff ? String.fromCodePoint(point) : ''
}
