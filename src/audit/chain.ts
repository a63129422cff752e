import type { KeyedHash } from '../crypto/field-encryption.ts'

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

/** What is covered of an event for ever, beside the hash of its body; `id` is the number of its row. */
export type AuditHeader = Pick<AuditEvent, 'at' | 'type' | 'actor'> & { id: string }

/** The keyed hash chain over audit events (security.md, "audit log"; HMAC-SHA-256, RFC 2104; docs/decisions/0030). */
export type AuditChain = {
  /** Keyed hash of actor, account and data; stays when they go at the end of their retention. */
  bodyHash(event: AuditEvent): string
  /** Keyed hash of row, time, type, kind of actor and body hash: none of them can change unseen. */
  digest(header: AuditHeader, bodyHash: string): string
  /** Chain value of a row: keyed hash of the chain value before it (null at position 1) and its own digest. */
  link(previous: string | null, digest: string): string
  /** Keyed hash of the newest sealed place, by which rows that were cut off at the end are missed. */
  headMac(position: number, chain: string): string
  fitsBody(event: AuditEvent, bodyHash: string): boolean
  fitsDigest(header: AuditHeader, bodyHash: string, digest: string): boolean
  fitsLink(previous: string | null, digest: string, chain: string): boolean
  fitsHead(position: number, chain: string, mac: string): boolean
  /** Whether the key that made this value is in the ring. */
  knowsKeyOf(value: string): boolean
}

/** Creates the chain over keyed hashes: the newest key writes, every key of the ring verifies. */
export function createAuditChain(hash: KeyedHash): AuditChain {
  const linked = (previous: string | null, digest: string) => `${previous ?? ''}\n${digest}`
  const keyIds = new Set(hash.candidates('', 'audit_digest').map(keyIdOf))
  return {
    bodyHash: (event) => hash.hash(canonicalBody(event), 'audit_body'),
    digest: (header, bodyHash) => hash.hash(canonicalHeader(header, bodyHash), 'audit_digest'),
    link: (previous, digest) => hash.hash(linked(previous, digest), 'audit_chain'),
    headMac: (position, chain) => hash.hash(`${position}\n${chain}`, 'audit_head'),
    fitsBody: (event, bodyHash) => hash.matches(canonicalBody(event), 'audit_body', bodyHash),
    fitsDigest: (header, bodyHash, digest) => hash.matches(canonicalHeader(header, bodyHash), 'audit_digest', digest),
    fitsLink: (previous, digest, chain) => hash.matches(linked(previous, digest), 'audit_chain', chain),
    fitsHead: (position, chain, mac) => hash.matches(`${position}\n${chain}`, 'audit_head', mac),
    knowsKeyOf: (value) => keyIds.has(keyIdOf(value)),
  }
}

/** The kind of an actor, which stays when the person behind it goes: `staff` of `staff:17`. */
const actorKind = (actor: string) => actor.split(':', 1)[0] ?? ''

/**
 * Writes the body of an event as text that survives a round trip through `jsonb`: keys sorted, absent values left out
 * (after RFC 8785, section 3.2.3).
 */
export function canonicalBody({ actor, accountId, data }: Pick<AuditEvent, 'actor' | 'accountId' | 'data'>): string {
  const entries = Object.entries(data).filter(([, value]) => value !== undefined)
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([actor, accountId, sorted])
}

/** Writes what is covered beside the body; instants in UTC milliseconds. */
function canonicalHeader({ id, at, type, actor }: AuditHeader, bodyHash: string): string {
  return JSON.stringify([String(id), at.toISOString(), type, actorKind(actor), bodyHash])
}

const keyIdOf = (value: string) => value.slice(0, value.indexOf('.'))
