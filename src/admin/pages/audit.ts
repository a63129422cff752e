import { Readable } from 'node:stream'
import { auditExportFormats } from '../../services/operation/audit-export.ts'
import { auditFilterFields, type TypedAuditFilter } from '../../services/operation/audit-filter.ts'
import type { AuditLookUps } from '../../services/operation/audit-look-ups.ts'
import type { StaffService } from '../../services/staff/staff.ts'
import type { FoundAuditEvent } from '../../stores/audit/audit-look-ups.ts'
import type { ConsoleRoute, Visit } from '../visit.ts'

type Deps = { audit: AuditLookUps; staff: Pick<StaffService, 'list'>; now(): Date }

/** Events of a page. */
const atOnce = 50

/** The audit log: filters in the address, pages by place, one event by itself, and exports. */
export function auditPages({ audit, staff, now }: Deps): ConsoleRoute[] {
  /** E-mail addresses of staff by the words that events name them with. */
  const people = async () => new Map((await staff.list()).map(({ id, email }) => [id, email]))

  async function showList(visit: Visit): Promise<void> {
    const typed = typedOf((field) => queryOf(visit, field))
    const read = await audit.readFilter(typed)
    const faults = 'faults' in read ? read.faults : {}
    const errors = Object.fromEntries(
      Object.entries(faults).map(([field, fault]) => [field, { key: `console.audit.cannot.${fault}` }]),
    )
    const place = { older: queryOf(visit, 'older'), newer: queryOf(visit, 'newer') }
    const page = 'filter' in read ? await audit.page(read.filter, { ...place, limit: atOnce }) : none
    const [known, chain] = await Promise.all([people(), audit.verifications()])
    const address = (more: Record<string, string>) =>
      `/admin/audit?${new URLSearchParams({ ...givenOf(typed), ...more })}`
    const model = {
      events: page.events.map((event) => shownOf(event, known)),
      older: page.older && address({ older: page.older }),
      newer: page.newer && address({ newer: page.newer }),
      ...{ chain, classes: audit.classes, formats: auditExportFormats },
      filtered: Object.keys(givenOf(typed)).length > 0,
    }
    const status = Object.keys(errors).length > 0 ? 422 : 200
    await visit.show('audit/list', { model, values: givenOf(typed), errors }, status)
  }

  const find = async (visit: Visit) => await audit.find(visit.params.id ?? '')
  const gone = (visit: Visit) => visit.show('gone', { model: { kind: 'event', back: '/admin/audit' } }, 404)

  async function showOne(visit: Visit): Promise<void> {
    const event = await find(visit)
    if (!event) return await gone(visit)
    const model = {
      event: { ...shownOf(event, await people()), class: audit.classOf(event.type) },
      signed: event.type === 'audit_exported' && event.data !== null,
      chain: await audit.verifications(),
    }
    await visit.show('audit/one', { model })
  }

  async function download(visit: Visit): Promise<void> {
    const typed = typedOf((field) => visit.form[field])
    const read = await audit.readFilter(typed)
    const format = auditExportFormats.find((each) => each === visit.form.format)
    // Nobody gets there by the form of the page, whose filter has been read.
    if ('faults' in read || !format) return visit.goTo('/audit')
    visit.ctx.attachment(`audit-${now().toISOString().slice(0, 10)}.${format}`)
    visit.ctx.type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/jsonl'
    visit.ctx.body = Readable.from(audit.export({ filter: read.filter, typed, format }, visit.actor))
  }

  async function downloadSignature(visit: Visit): Promise<void> {
    const event = await find(visit)
    const signature = event && (await audit.signatureOf(event))
    if (!event || !signature) return await gone(visit)
    visit.ctx.attachment(`audit-export-${String(event.data?.exportId)}.jws`)
    visit.ctx.type = 'application/jose'
    visit.ctx.body = `${signature}\n`
  }

  return [
    { method: 'get', path: '/audit', right: 'audit:read', handle: showList },
    { method: 'post', path: '/audit/export', right: 'audit:read', handle: download },
    { method: 'get', path: '/audit/:id', right: 'audit:read', handle: showOne },
    { method: 'get', path: '/audit/:id/signature', right: 'audit:read', handle: downloadSignature },
  ]
}

const none = { events: [], older: null, newer: null }

const queryOf = ({ ctx }: Visit, name: string): string | undefined => {
  const value = ctx.query[name]
  return typeof value === 'string' && value !== '' ? value.slice(0, 200) : undefined
}

const typedOf = (read: (field: string) => string | undefined): TypedAuditFilter =>
  Object.fromEntries(auditFilterFields.map((field) => [field, read(field)]))

const givenOf = (typed: TypedAuditFilter): Record<string, string> =>
  Object.fromEntries(Object.entries(typed).filter((entry): entry is [string, string] => Boolean(entry[1])))

/** An event with the people in it by their e-mail addresses. */
function shownOf({ actor, data, ...event }: FoundAuditEvent, people: Map<string, string>) {
  const [kind = '', who = ''] = actor.split(/:(.*)/s)
  const nameOf = (value: unknown) => people.get(String(value).replace(/^staff:/, ''))
  const details = Object.entries(data ?? {}).map(([name, value]) => ({
    name,
    value: Array.isArray(value) ? value.join(', ') : String(value),
    person: nameOf(value),
  }))
  return {
    ...event,
    actor,
    kind,
    who: nameOf(actor) ?? who,
    emptied: data === null,
    details,
  }
}
