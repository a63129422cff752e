import { domainToASCII } from 'node:url'
import { suggestDomain } from './email-domains.ts'

type EmailResult = { ok: true; value: string } | { ok: false; reason: 'empty' | 'format' | 'too_long' | 'characters' }

/** RFC 5321 § 4.5.3.1: octets of the part before the `@`, and of the whole (the path of 256 without its brackets). */
const longest = { local: 64, address: 254 }

const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
const localPart = new RegExp(`^${atom}(?:\\.${atom})*$`)
const domainName = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9-]{2,63}$/

/**
 * Reads an e-mail address: outer blanks go, the domain becomes lower case and ASCII (IDNA), the part before the `@`
 * stays as typed. Quoted names, addresses in brackets and names outside ASCII are refused (RFC 5321, RFC 5322 § 3.4.1).
 */
export function parseEmail(input: string): EmailResult {
  const text = input.trim()
  if (text === '') return { ok: false, reason: 'empty' }
  if (text.length > longest.address * 2) return { ok: false, reason: 'too_long' }
  const at = text.lastIndexOf('@')
  const local = text.slice(0, at)
  const typedDomain = text.slice(at + 1)
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Z}]/u.test(text) || /[^\x20-\x7e]/.test(local)) return { ok: false, reason: 'characters' }
  if (at < 1 || typedDomain === '') return { ok: false, reason: 'format' }
  if (!/^[\p{L}\p{N}\p{M}.-]+$/u.test(typedDomain)) return { ok: false, reason: 'format' }
  const domain = domainToASCII(typedDomain.toLowerCase())
  if (local.length > longest.local || local.length + 1 + domain.length > longest.address)
    return { ok: false, reason: 'too_long' }
  if (!localPart.test(local) || !domainName.test(domain)) return { ok: false, reason: 'format' }
  return { ok: true, value: `${local}@${domain}` }
}

/** Proposes the address that was probably meant when the domain looks like a typing error of a well-known one; else null. */
export function suggestEmail(value: string): string | null {
  const at = value.lastIndexOf('@')
  if (at < 1) return null
  const domain = suggestDomain(value.slice(at + 1))
  return domain === null ? null : `${value.slice(0, at)}@${domain}`
}

/** Shows an address so that its owner knows it: `e•••@example.org`. */
export function maskEmail(value: string): string {
  const at = value.lastIndexOf('@')
  const [first = ''] = value
  return at < 1 ? '•••' : `${first}•••${value.slice(at)}`
}
