import { createHash, randomUUID } from 'node:crypto'
import { stringify } from 'csv-stringify/sync'
import type { Actor } from '../../audit/event.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { AuditFilter, AuditPlace, FoundAuditEvent } from '../../stores/audit/audit-look-ups.ts'
import type { Stores } from '../../stores/index.ts'
import type { Transaction } from '../../stores/transaction.ts'
import type { TypedAuditFilter } from './audit-filter.ts'
import type { SignedExport } from './audit-signature.ts'

export const auditExportFormats = ['jsonl', 'csv'] as const
export type AuditExportFormat = (typeof auditExportFormats)[number]

type Deps = { stores: Pick<Stores, 'auditLookUps'>; transaction: Transaction; clock: Clock }
type What = { filter: AuditFilter; typed: TypedAuditFilter; format: AuditExportFormat }

/** Events that are read and written at a time. */
const atOnce = 1000

/**
 * Gives the text of an export in pieces, and what it was when it is whole. The log says that it was begun before anything is read, and what
 * it was at the end; one that was broken off has the first event alone.
 */
export async function* exportAudit(
  { stores, transaction, clock }: Deps,
  { filter, typed, format }: What,
  actor: Actor,
): AsyncGenerator<string, SignedExport> {
  const exportId = randomUUID()
  const begunAt = clock.now()
  const { whom, ...others } = typed
  const given = Object.entries(others).filter(([, value]) => value?.trim())
  await transaction(async ({ audit }) => {
    const account = filter.accountId ? { accountId: filter.accountId } : {}
    const asked = { exportId, format, filter: JSON.stringify(Object.fromEntries(given)) }
    await audit.auditExportBegun({ at: begunAt, actor, ...account, ...asked })
  })
  const hash = createHash('sha256')
  // What is written meanwhile, its own event among it, is not part of it.
  const bounded = { ...filter, until: filter.until && filter.until < begunAt ? filter.until : begunAt }
  let count = 0
  if (format === 'csv') yield note(writeCsv([], true))
  for await (const events of pages(stores, bounded)) {
    count += events.length
    yield note(format === 'csv' ? writeCsv(events, false) : events.map(writeJson).join(''))
  }
  const exportedAt = clock.now()
  const whole = { exportId, format, count, digest: hash.digest('base64url') }
  await transaction(({ audit }) => audit.auditExported({ at: exportedAt, actor, ...whole }))
  return { ...whole, exportedAt: exportedAt.toISOString() }

  function note(text: string): string {
    hash.update(text)
    return text
  }
}

async function* pages({ auditLookUps }: Deps['stores'], filter: AuditFilter): AsyncGenerator<FoundAuditEvent[]> {
  for (let place: AuditPlace = { at: new Date(0), id: '0' }; ; ) {
    const events = (await auditLookUps.page(filter, { newer: place, limit: atOnce })).reverse()
    if (events.length > 0) yield events
    const last = events.at(-1)
    if (!last || events.length < atOnce) return
    place = last
  }
}

/** An event as machines read it. */
export const auditEventJson = ({ id, at, type, actor, accountId, data, position }: FoundAuditEvent) => ({
  ...{ id, at: at.toISOString(), type, actor, accountId, data, position },
})

const writeJson = (event: FoundAuditEvent): string => `${JSON.stringify(auditEventJson(event))}\n`

const columns = ['id', 'at', 'type', 'actor', 'accountId', 'data', 'position']

/** RFC 4180; what a spreadsheet would take for a formula is marked as text. */
const writeCsv = (events: readonly FoundAuditEvent[], header: boolean): string =>
  stringify(
    events.map((event) => ({ ...auditEventJson(event), data: event.data && JSON.stringify(event.data) })),
    { columns, header, escape_formulas: true, record_delimiter: 'windows' },
  )
