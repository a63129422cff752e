import type { Clock } from '../../gateways/clock.ts'
import type { AuditEventStore } from '../../stores/audit/audit-events.ts'
import type { AuditVerification, ChainHead } from '../../stores/audit/audit-verification.ts'

/** Events that one run of the job seals. */
const mostAtOnce = 10_000

/** Creates what command line, console and jobs do with the audit log. */
export function createAuditService({
  auditEvents,
  clock,
  log,
}: {
  auditEvents: Pick<AuditEventStore, 'seal' | 'head' | 'verify' | 'noteVerification'>
  clock: Clock
  log: { info(detail: object, message: string): void }
}) {
  return {
    /** Seals what waits, bounded, and logs the new head, so that it lies outside the database, too; tells how many events. */
    async seal(): Promise<number> {
      const sealed = await auditEvents.seal(mostAtOnce)
      if (sealed > 0) log.info({ ...(await auditEvents.head()) }, 'audit log sealed')
      return sealed
    },
    /** Seals everything that waits, page by page so that nobody is held up, and tells how many events that were. */
    async sealAll(): Promise<number> {
      let total = 0
      for (let sealed = await auditEvents.seal(); sealed > 0; sealed = await auditEvents.seal()) total += sealed
      return total
    },
    /** Walks the chain, and notes for the console what it found. */
    async verify(
      onProgress?: (checked: number, total: number) => void,
      anchor?: ChainHead,
    ): Promise<AuditVerification> {
      const result = await auditEvents.verify(onProgress, anchor)
      await auditEvents.noteVerification(result, clock.now())
      return result
    },
  }
}

const faultSentences = {
  body_altered: 'the event was altered after it was written',
  body_removed: 'account and data of the event were removed, and no event says that their retention was over',
  row_missing: 'the event is missing',
  reordered: 'another event stands in its place',
  chain_broken: 'the event does not follow from the one before',
  head_missing: 'the note of the newest sealed event is gone; events may have been cut off at the end',
  head_altered: 'the note of the newest sealed event was altered; events may have been cut off at the end',
  rows_lost: 'events are gone that had not been sealed',
  rows_added: 'events are there that nobody counted when they were written',
  key_missing: 'it was hashed with a key that is not in HASH_KEYS, so it cannot be checked',
} as const

/** Says in one sentence what a verification found. */
export function describeVerification(result: AuditVerification): string {
  const waiting = result.unsealed > 0 ? `, ${result.unsealed} more wait to be sealed` : ''
  if (result.outcome === 'broken')
    return `The audit log is broken at position ${result.position}: ${faultSentences[result.kind]} (${result.checked} events before it are intact${waiting}).`
  const reduced = result.withoutBody > 0 ? `, ${result.withoutBody} of them by digest only` : ''
  return `The audit log is intact: ${result.checked} events checked${reduced}${waiting}.`
}
