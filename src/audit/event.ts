import type { AuditData, AuditEvent } from './chain.ts'

/** Who did it: the member, a job, the command line (`cli:` who named himself there), a member of staff, or a service at the HTTP API. */
export type Actor = 'member' | 'system' | 'cli' | `cli:${string}` | `staff:${string}` | `client:${string}`

/** Every event has its instant; `actor` need only be given where it is not the usual one. */
export type Common = { at: Date; actor?: Actor }
export type OfAccount = Common & { accountId: string }
export type MaybeOfAccount = Common & { accountId?: string }

/** Writes one event, in the transaction of the change that it tells. */
export type AppendAuditEvent = (event: AuditEvent) => Promise<void>

/** Records one event; `type` names it in the log, `fields` what its data holds. */
export type RecordEvent<T> = ((given: T) => Promise<void>) & {
  type: string
  usualActor: Actor
  fields: readonly string[]
}

const keyedHash = /^[\w-]{1,32}\.[\w-]{43}$/

/**
 * Makes the function that records events of one type with the named fields of its argument as data.
 * @throws TypeError when a field `nameHash` is not a keyed hash: a user name must never be written.
 */
export function event<T extends MaybeOfAccount>(
  append: AppendAuditEvent,
  type: string,
  usualActor: Actor,
  fields: readonly Exclude<keyof T & string, keyof OfAccount>[] = [],
): RecordEvent<T> {
  const record = async (given: T) => {
    const data = Object.fromEntries(fields.map((field) => [field, given[field]])) as AuditData
    if (data.nameHash !== undefined && !keyedHash.test(String(data.nameHash)))
      throw new TypeError('nameHash must come from unknownNameHash')
    await append({
      at: given.at,
      type,
      actor: given.actor ?? usualActor,
      accountId: given.accountId ?? null,
      data,
    })
  }
  return Object.assign(record, { type, usualActor, fields })
}
