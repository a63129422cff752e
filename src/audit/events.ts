import type { KeyedHash } from '../crypto/field-encryption.ts'
import { clientEvents } from './client-events.ts'
import type { AppendAuditEvent, RecordEvent } from './event.ts'
import { accountEvents, mtanEvents, registrationEvents, signInEvents } from './member-events.ts'
import { letterEvents, operatorEvents } from './operation-events.ts'
import { staffEvents } from './staff-events.ts'

export type AuditTrail = ReturnType<typeof createAuditTrail>

/**
 * Creates the audit trail: one function per event, each writing exactly the fields it names and nothing else,
 * so that no personal data slips in with a larger object (security.md, "audit log").
 */
export function createAuditTrail(append: AppendAuditEvent) {
  return {
    ...registrationEvents(append),
    ...letterEvents(append),
    ...signInEvents(append),
    ...mtanEvents(append),
    ...accountEvents(append),
    ...operationEvents(append),
    ...staffEvents(append),
  }
}

/** What operators do to the installation and to who is connected with it. */
const operationEvents = (append: AppendAuditEvent) => ({ ...operatorEvents(append), ...clientEvents(append) })

/** What events are about; each class is kept for a time of its own (`deadlines.yaml`, `auditRetentionDays`). */
const classes = {
  registration: registrationEvents,
  letters: letterEvents,
  signIn: signInEvents,
  mtan: mtanEvents,
  account: accountEvents,
  operation: operationEvents,
  staff: staffEvents,
}
export type AuditClass = keyof typeof classes

/** An event that there is: its class, the function that records it, its name in the log, who usually does it, and its data. */
type CataloguedEvent = Pick<RecordEvent<never>, 'type' | 'usualActor' | 'fields'> & {
  class: AuditClass
  recordedBy: string
}

export const auditCatalogue: CataloguedEvent[] = (Object.keys(classes) as AuditClass[]).flatMap((name) =>
  Object.entries(classes[name](async () => {})).map(([recordedBy, { type, usualActor, fields }]) => ({
    ...{ class: name, recordedBy, type, usualActor, fields },
  })),
)

/** Lists the types of the events of each class. */
export const auditTypes = Object.fromEntries(
  Object.keys(classes).map((name) => [
    name,
    auditCatalogue.filter((each) => each.class === name).map(({ type }) => type),
  ]),
) as Record<AuditClass, string[]>

/** The event by which bodies were emptied; it keeps its own, because it proves that others went in their time. */
export const bodiesEmptiedType = 'audit_bodies_emptied'

/** Names the class of an event by its type; undefined for what no function here writes. */
export const auditClassOf = (type: string): AuditClass | undefined =>
  (Object.keys(auditTypes) as AuditClass[]).find((name) => auditTypes[name].includes(type))

/** Hashes an unknown user name for `signInFailed`: the same name can be counted, but not read. */
export function unknownNameHash(hash: KeyedHash, username: string): string {
  return hash.hash(username, 'audit_unknown_name')
}
