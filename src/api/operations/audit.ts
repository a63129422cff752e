import { z } from 'zod'
import { auditEventJson } from '../../services/operation/audit-export.ts'
import { auditFilterFields } from '../../services/operation/audit-filter.ts'
import type { AuditLookUps } from '../../services/operation/audit-look-ups.ts'
import { type Operation, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { instant, limitOf, next, nothing, pageQuery } from '../schemas/shared.ts'
import { found } from './client-changes.ts'

const event = z.object({
  id: z.string(),
  at: instant,
  type: z.string(),
  actor: z.string(),
  account_id: z.string().nullable(),
  data: z.record(z.string(), z.unknown()).nullable().describe('null: its time is over'),
  position: z.number().nullable().describe('Place in the chain of hashes; null: not sealed yet'),
})

const text = (description: string) => z.string().max(200).optional().describe(description)
const filters = {
  who: text('member, system, cli, staff, client, one of them (client:robot), or the e-mail address of staff'),
  what: text('An event, or a class of them'),
  whom: text('Id of an account, or the e-mail address of staff'),
  client: text('A client id'),
  reference: text('Id of a print run, letter, approval, export, member of staff or signing key'),
  from: text('An instant with its offset, or a day in Berlin'),
  until: text('The first instant that is not wanted, or the last day'),
}

const shown = (each: Parameters<typeof auditEventJson>[0]) => {
  const { accountId, ...event } = auditEventJson(each)
  return { ...event, account_id: accountId }
}

/** The audit log, to read. */
export function auditOperations(audit: Pick<AuditLookUps, 'readFilter' | 'page' | 'find'>): Operation[] {
  return [
    operation({
      ...{ id: 'listAuditEvents', method: 'get', path: '/audit/events', scope: 'admin:audit:read' },
      summary: 'List events of the audit log, newest first; filters go together',
      query: z.strictObject({ ...filters, ...pageQuery }),
      answers: { 200: { description: 'A page', schema: z.object({ events: z.array(event), next }) } },
      problems: ['invalid'],
      async handle({ query }) {
        const typed = Object.fromEntries(auditFilterFields.map((field) => [field, query[field]]))
        const read = await audit.readFilter(typed)
        if ('faults' in read) throw new Problem('invalid', { errors: faultsOf(read.faults) })
        const page = await audit.page(read.filter, { older: query.cursor, limit: limitOf(query) })
        return { status: 200, body: { events: page.events.map(shown), next: page.older } }
      },
    }),
    operation({
      ...{ id: 'getAuditEvent', method: 'get', path: '/audit/events/{event_id}', scope: 'admin:audit:read' },
      summary: 'Show an event',
      params: z.strictObject({ event_id: z.string().regex(/^\d{1,18}$/) }),
      query: nothing,
      answers: { 200: { description: 'The event', schema: event } },
      problems: ['not-found'],
      handle: async ({ params }) => ({ status: 200, body: shown(found(await audit.find(params.event_id))) }),
    }),
  ]
}

const faultsOf = (faults: Record<string, string>) =>
  Object.entries(faults).map(([field, fault]) => ({
    pointer: `/${field}`,
    detail: fault === 'unknown' ? 'nothing is known by that name' : 'cannot be read',
  }))
