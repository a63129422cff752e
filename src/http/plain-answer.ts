import type { ServerResponse } from 'node:http'
import { type ErrorCode, errorCodes } from '../errors.ts'
import { languages, phoneHref, type Texts } from '../gateways/texts.ts'
import { securityHeaders } from './middleware/security-headers.ts'

type Settings = {
  texts: Pick<Texts, 'translator'>
  insurer: { shortName: string; help: { phone: string } }
  secure: boolean
}

/** Answers a request without anything that the application needs: `json` for machines, else a page in both languages. */
export type PlainAnswer = (response: ServerResponse, code: ErrorCode, options?: PlainOptions) => void
type PlainOptions = { json?: boolean; retryAfter?: number }

/**
 * Creates the answers for when no application can answer: before it has started, when a request ends in the middle, and when
 * the page of a fault has a fault itself. They tell what happened, never a bare text.
 */
export function createPlainAnswer({ texts, insurer, secure }: Settings): PlainAnswer {
  const section = (language: string, kind: string) => {
    const t = texts.translator(language)
    const [title, lead, text] = ['title', 'lead', 'text'].map((part) => t(`error.${kind}.${part}`))
    return `<section lang="${language}"><h1>${title}</h1><p>${lead} ${text}</p></section>`
  }
  const { phone } = insurer.help
  const page = (kind: string) =>
    `<!doctype html><html lang="de"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${insurer.shortName}</title><link rel="stylesheet" href="/assets/main.css"></head><body><main class="page">${languages.map((language) => section(language, kind)).join('')}<p><a href="${phoneHref(phone)}">${phone}</a></p></main></body></html>`
  return (response, code, { json, retryAfter } = {}) => {
    if (response.headersSent) return
    const kind = code === 'csrf' ? 'forbidden' : code
    const body = json ? JSON.stringify({ error: code }) : page(kind)
    response.writeHead(errorCodes[code].status, {
      ...securityHeaders({ secure }),
      'Content-Length': Buffer.byteLength(body),
      'Content-Type': json ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8',
      ...(retryAfter && { 'Retry-After': String(retryAfter) }),
    })
    response.end(body)
  }
}

/** Whether whoever asks reads JSON rather than a page, by a look at what it accepts. */
export const readsJson = (accept: string | undefined): boolean =>
  accept !== undefined && /\bjson\b/.test(accept.slice(0, 1024)) && !/text\/html/.test(accept.slice(0, 1024))
