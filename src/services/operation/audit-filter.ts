import { z } from 'zod'
import { type AuditClass, auditClassOf, auditTypes } from '../../audit/events.ts'
import { endOfDay, startOfDay } from '../../domain/calendar.ts'
import type { AuditFilter, AuditPlace } from '../../stores/audit/audit-look-ups.ts'

/** What a person types to look something up; empty fields ask for nothing. */
export const auditFilterFields = ['who', 'what', 'whom', 'client', 'reference', 'from', 'until'] as const
export type AuditFilterField = (typeof auditFilterFields)[number]
export type TypedAuditFilter = Partial<Record<AuditFilterField, string | undefined>>

/** The fields that cannot be read, each with why. */
export type AuditFilterFaults = Partial<Record<AuditFilterField, 'format' | 'unknown'>>

/** Finds the staff id behind an e-mail address. */
type FindStaff = (email: string) => Promise<{ id: string } | null>

const actorPattern = /^(member|system|cli|staff|client)(:[\w.@-]{1,80})?$/
const uuid = z.uuid()
const day = z.iso.date()
const instant = z.iso.datetime({ offset: true })

/** Reads a filter; `who` and `whom` may be the e-mail address of a member of staff. */
export async function readAuditFilter(
  typed: TypedAuditFilter,
  findStaff: FindStaff,
): Promise<{ filter: AuditFilter } | { faults: AuditFilterFaults }> {
  const faults: AuditFilterFaults = {}
  const given = (field: AuditFilterField) => typed[field]?.trim() || undefined
  const [who, what, whom, reference] = [given('who'), given('what'), given('whom'), given('reference')]
  const staffOf = async (field: 'who' | 'whom', email: string) => {
    const id = (await findStaff(email.toLowerCase()))?.id
    if (!id) faults[field] = 'unknown'
    return id
  }
  const filter: AuditFilter = { clientId: given('client'), reference }
  if (who && actorPattern.test(who)) filter.actor = who
  else if (who?.includes('@')) filter.actor = `staff:${await staffOf('who', who)}`
  else if (who) faults.who = 'format'
  if (whom && uuid.safeParse(whom).success) filter.accountId = whom.toLowerCase()
  else if (whom?.includes('@')) filter.reference = await staffOf('whom', whom)
  else if (whom) faults.whom = 'format'
  if (what && Object.hasOwn(auditTypes, what)) filter.types = auditTypes[what as AuditClass]
  else if (what && auditClassOf(what)) filter.types = [what]
  else if (what) faults.what = 'unknown'
  filter.from = readTime('from', given('from'), startOfDay)
  filter.until = readTime('until', given('until'), endOfDay)
  return Object.keys(faults).length > 0 ? { faults } : { filter }

  /** An instant, or a day in Berlin. */
  function readTime(field: 'from' | 'until', text: string | undefined, ofDay: (day: string) => Date): Date | undefined {
    if (!text) return undefined
    if (day.safeParse(text).success) return ofDay(text)
    if (instant.safeParse(text).success) return new Date(text)
    faults[field] = 'format'
    return undefined
  }
}

/** Writes a place of the log as a word for addresses, and reads it; undefined for what is none. */
export const cursorOf = ({ at, id }: AuditPlace): string => `${at.getTime()}-${id}`

export function readCursor(text: string | undefined): AuditPlace | undefined {
  const [, at, id] = /^(\d{1,14})-(\d{1,18})$/.exec(text ?? '') ?? []
  return at && id ? { at: new Date(Number(at)), id } : undefined
}
