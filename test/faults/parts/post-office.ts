import { simpleParser } from 'mailparser'
import { readPages } from '../../../src/gateways/letters/pdf/read-pdf.test-support.ts'
import type { Inbox, Item } from '../../support/inbox.ts'
import type { SmsHttpServer } from '../../support/servers/sms-http.ts'
import type { SmtpRelay } from '../../support/servers/smtp.ts'

/** A letter in the hands of the print shop. `house` is the number of the house, by which members of a test are told apart. */
export type PrintedLetter = { id: string; house: string; code: string | null }

type Sheet = { id: string; sheets: number }

/** Reads the letters out of the PDF of a run, in the order of its manifest; every sheet has two pages. */
export function readLetters(pdf: Uint8Array, manifest: { letters: Sheet[] }): PrintedLetter[] {
  const pages = readPages(pdf)
  let next = 0
  return manifest.letters.map(({ id, sheets }) => {
    const text = pages
      .slice(next, next + sheets * 2)
      .flat()
      .map((run) => run.text)
      .join('\n')
    next += sheets * 2
    const house = /Testweg (\d+)/.exec(text)?.[1] ?? ''
    return { id, house, code: /\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b/.exec(text)?.[0] ?? null }
  })
}

export type PostOffice = ReturnType<typeof createPostOffice>

/** Everything that reached members, read where it arrives: at the relay, the gateway and in the post. */
export function createPostOffice({ smtp, sms }: { smtp: SmtpRelay; sms: SmsHttpServer }) {
  const posted: PrintedLetter[] = []
  const emails = async (to: string): Promise<Item[]> =>
    (await readEmails(smtp))
      .filter((email) => email.to === to)
      .map(({ id, subject, text, html }) => {
        const link = /href="(https:[^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? null
        return { ...nothing, id, kind: 'email' as const, to, subject, text, html, link }
      })
  const list = async (kind: Item['kind'], to: string): Promise<Item[]> => {
    if (kind === 'email') return newestFirst(await emails(to))
    if (kind === 'letter')
      return newestFirst(
        posted.filter(({ house }) => house === houseOf(to)).map(({ id, code }) => ({ ...nothing, id, kind, to, code })),
      )
    return newestFirst(
      readSms(sms)
        .filter((message) => message.to === to)
        .map(({ key, text }) => ({ ...nothing, id: key, kind, to, text, code: /#(\d{6})/.exec(text)?.[1] ?? null })),
    )
  }
  const inbox: Inbox = {
    list,
    async next(kind, to, after = 0, seconds = kind === 'email' ? 50 : 12) {
      for (let turn = 0; turn < seconds * 10; turn++) {
        const items = await list(kind, to)
        if (items.length > after && items[0]) return items[0]
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      throw new Error(`no ${kind} for ${to} within ${seconds} seconds`)
    },
  }
  /** What reached somebody twice under names of its own: a repeat under the same one is known to relay and gateway. */
  const doubles = async (): Promise<string[]> => [
    ...twice(readSms(sms).map(({ to, text }) => `SMS to ${to}: ${text}`)),
    ...twice((await readEmails(smtp)).map(({ to, subject, text }) => `e-mail to ${to}: ${subject}\n${text}`)),
    ...twice(posted.map(({ id }) => `letter ${id}`)),
  ]
  return { inbox, posted, doubles }
}

const nothing = { subject: '', text: '', html: null, pdfUrl: null, code: null, link: null }

/** Everything that is there more than once; of a text its first line. */
function twice(things: string[]): string[] {
  const again = things.filter((thing, index) => things.indexOf(thing) !== index)
  return [...new Set(again)].map((thing) => `twice: ${thing.split('\n')[0]}`)
}

/** What stands in for a house number in the register, so that a letter tells whom it is for. */
export const houseOf = (insuranceNumber: string) => insuranceNumber.slice(1, 9)

/** Every SMS once: a gateway knows by its key one that is handed over again. */
export function readSms({ requests }: Pick<SmsHttpServer, 'requests'>): { key: string; to: string; text: string }[] {
  const byKey = new Map<string, { key: string; to: string; text: string }>()
  for (const { headers, body } of requests) {
    const key = String(headers['idempotency-key'])
    const { to, text } = JSON.parse(body)
    const known = byKey.get(key)
    if (known && known.text !== text) throw new Error(`two different SMS with the key ${key}`)
    if (!known) byKey.set(key, { key, to, text })
  }
  return [...byKey.values()]
}

/** Every e-mail once, by its Message-ID. */
export async function readEmails({ received }: Pick<SmtpRelay, 'received'>) {
  const byId = new Map<string, { id: string; to: string; subject: string; text: string; html: string }>()
  for (const { to, data } of received) {
    const { messageId = '', subject = '', text = '', html } = await simpleParser(data)
    byId.set(messageId, { id: messageId, to, subject, text, html: html || '' })
  }
  return [...byId.values()]
}

const newestFirst = <T>(items: T[]): T[] => items.toReversed()
