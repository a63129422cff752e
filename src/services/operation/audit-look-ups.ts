import type { Actor } from '../../audit/event.ts'
import { auditClassOf, auditTypes } from '../../audit/events.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { AuditFilter, FoundAuditEvent } from '../../stores/audit/audit-look-ups.ts'
import type { Stores } from '../../stores/index.ts'
import type { Transaction } from '../../stores/transaction.ts'
import { type AuditExportFormat, exportAudit } from './audit-export.ts'
import { cursorOf, readAuditFilter, readCursor, type TypedAuditFilter } from './audit-filter.ts'
import { type SignedExport, signExport } from './audit-signature.ts'

type Settings = {
  stores: Pick<Stores, 'auditEvents' | 'auditLookUps' | 'signingKeys' | 'staff'>
  transaction: Transaction
  clock: Clock
}

/** Events with the places from which to look on; null: there is nothing more that way. */
export type AuditPage = { events: FoundAuditEvent[]; older: string | null; newer: string | null }

export type AuditLookUps = ReturnType<typeof createAuditLookUps>

/** Creates what console, HTTP API and command line look up in the audit log and take out of it. */
export function createAuditLookUps({ stores, transaction, clock }: Settings) {
  const sign = async (what: SignedExport) => await signExport(what, await stores.signingKeys.list())
  return {
    /** Reads what a person typed; e-mail addresses of staff become their ids. */
    readFilter: (typed: TypedAuditFilter) => readAuditFilter(typed, stores.staff.findByEmail),
    /** A page of events, newest first; `older` and `newer` are places that an earlier page gave. */
    async page(
      filter: AuditFilter,
      { older, newer, limit }: { older?: string | undefined; newer?: string | undefined; limit: number },
    ): Promise<AuditPage> {
      const [after, before] = [readCursor(older), readCursor(newer)]
      const place = before ? { newer: before } : { older: after }
      const found = await stores.auditLookUps.page(filter, { ...place, limit: limit + 1 })
      const more = found.length > limit
      // The surplus one is at the far end.
      const events = before ? found.slice(more ? 1 : 0) : found.slice(0, limit)
      const [first, last] = [events.at(0), events.at(-1)]
      return {
        events,
        older: last && (before || more) ? cursorOf(last) : null,
        newer: first && (after || (before && more)) ? cursorOf(first) : null,
      }
    },
    find: stores.auditLookUps.find,
    /** The types of events of each class, and the class of a type. */
    classes: auditTypes,
    classOf: auditClassOf,
    /** Up to where the chain was last found intact, and where broken. */
    verifications: stores.auditEvents.verifications,
    /** Gives the events of a filter as text, oldest first, in constant memory; that they were taken is an event itself. */
    export: (what: { filter: AuditFilter; typed: TypedAuditFilter; format: AuditExportFormat }, actor: Actor) =>
      exportAudit({ stores, transaction, clock }, what, actor),
    /** Signs what an export was, by the current signing key. */
    sign,
    /** Signs what an event says of an export; null when it says nothing of a whole one. */
    async signatureOf(event: FoundAuditEvent): Promise<string | null> {
      const { exportId, format, count, digest } = event.data ?? {}
      if (event.type !== 'audit_exported' || !digest) return null
      return await sign({
        exportId: String(exportId),
        format: String(format),
        count: Number(count),
        digest: String(digest),
        exportedAt: event.at.toISOString(),
      })
    },
  }
}
