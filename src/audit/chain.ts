import type { KeyedHash } from '../gateways/field-encryption.ts'

/** What an audit event may carry: plain JSON without personal data. */
export type AuditData = Record<string, string | number | boolean | null | readonly string[] | undefined>

/** One event of the audit log as it is appended; `accountId` is null for events of the whole installation. */
export type AuditEvent = {
  at: Date
  type: string
  actor: string
  accountId: string | null
  data: AuditData
}

/** The keyed hash chain over audit events (security.md, "audit log"; HMAC-SHA-256, RFC 2104). */
export type AuditChain = {
  /** Keyed hash of the canonical body; stays when the body goes at the end of its retention. */
  digest(event: AuditEvent): string
  /** Chain value of a row: keyed hash of the chain value before it (null at position 1) and its own digest. */
  link(previous: string | null, digest: string): string
  fitsBody(event: AuditEvent, digest: string): boolean
  fitsLink(previous: string | null, digest: string, chain: string): boolean
  /** Whether the key that made this value is in the ring. */
  knowsKeyOf(value: string): boolean
}

/** Creates the chain over keyed hashes: the newest key writes, every key of the ring verifies. */
export function createAuditChain(hash: KeyedHash): AuditChain {
  const linked = (previous: string | null, digest: string) => `${previous ?? ''}\n${digest}`
  const keyIds = new Set(hash.candidates('', 'audit_digest').map(keyIdOf))
  return {
    digest: (event) => hash.hash(canonicalBody(event), 'audit_digest'),
    link: (previous, digest) => hash.hash(linked(previous, digest), 'audit_chain'),
    fitsBody: (event, digest) => hash.matches(canonicalBody(event), 'audit_digest', digest),
    fitsLink: (previous, digest, chain) => hash.matches(linked(previous, digest), 'audit_chain', chain),
    knowsKeyOf: (value) => keyIds.has(keyIdOf(value)),
  }
}

/**
 * Writes an event as text that survives a round trip through `jsonb`: keys sorted, absent values left out,
 * instants in UTC milliseconds (after RFC 8785, section 3.2.3).
 */
export function canonicalBody({ at, type, actor, accountId, data }: AuditEvent): string {
  const entries = Object.entries(data).filter(([, value]) => value !== undefined)
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([at.toISOString(), type, actor, accountId, sorted])
}

const keyIdOf = (value: string) => value.slice(0, value.indexOf('.'))
