import type { Client, RegisteredClient } from './client.ts'

/** What applying a file does to one client; `fields` are those that it changes. */
export type ClientChange = {
  clientId: string
  change: 'registered' | 'changed' | 'gone' | 'back' | 'taken_over'
  fields: (keyof Client)[]
  /** An operator has suspended it, and no file lets it in. */
  suspended?: true
  /** What is before and after, of a client that is changed; nothing of secrets. */
  differences?: { field: keyof Client; before: unknown; after: unknown }[]
}

/** `taken`: ids that a file names, although another hand registered them (`managedBy` of it). */
export type FilePlan = { changes: ClientChange[]; taken: { clientId: string; managedBy: string | null }[] }

/**
 * Plans what makes the clients of a file what it says. A client whose entry is gone is let in no more, and keeps its consents
 * and its id for when it comes back. Whoever another hand registered stays as it is; with `takeOver`, the file becomes the hand of what
 * staff have registered.
 */
export function planFile(
  file: string,
  wanted: readonly Client[],
  present: readonly RegisteredClient[],
  { takeOver = false }: { takeOver?: boolean } = {},
): FilePlan {
  const known = new Map(present.map((each) => [each.client.clientId, each]))
  const named = new Set(wanted.map(({ clientId }) => clientId))
  const plan: FilePlan = { changes: [], taken: [] }
  for (const client of wanted) {
    const { clientId } = client
    const before = known.get(clientId)
    if (before && before.managedBy === null && takeOver)
      plan.changes.push({ clientId, change: 'taken_over', fields: [] })
    else if (before && before.managedBy !== file) plan.taken.push({ clientId, managedBy: before.managedBy })
    const fields = before ? changedFields(before.client, client) : []
    const suspended = before?.suspendedAt ? ({ suspended: true } as const) : {}
    if (!before) plan.changes.push({ clientId, change: 'registered', fields })
    else if (fields.length > 0)
      plan.changes.push({
        clientId,
        change: 'changed',
        fields,
        differences: differencesOf(before.client, client, fields),
        ...suspended,
      })
    if (before?.goneAt) plan.changes.push({ clientId, change: 'back', fields: [], ...suspended })
  }
  for (const { client, managedBy, goneAt } of present)
    if (managedBy === file && !named.has(client.clientId) && !goneAt)
      plan.changes.push({ clientId: client.clientId, change: 'gone', fields: [] })
  return plan
}

/** Names the fields in which a client differs; secrets that are made here are not the registration's to change. */
export function changedFields(before: Client, after: Client): (keyof Client)[] {
  const fields = new Set(Object.keys({ ...before, ...after }) as (keyof Client)[])
  if (after.secretsMadeHere) fields.delete('secretHashes')
  const differs = (field: keyof Client) => comparable(inOrder(before, field)) !== comparable(inOrder(after, field))
  return [...fields].filter(differs).sort()
}

/** Of two secrets it does not matter which one stands first. */
const inOrder = (client: Client, field: keyof Client): unknown =>
  field === 'secretHashes' ? [...client.secretHashes].sort() : client[field]

/** A value as text, whatever the order of its keys: the database keeps another one. */
function comparable(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  )
}

const ofSecrets: (keyof Client)[] = ['secretHashes', 'secretReferences', 'secretsMadeHere']

const differencesOf = (before: Client, after: Client, fields: readonly (keyof Client)[]) =>
  fields
    .filter((field) => !ofSecrets.includes(field))
    .map((field) => ({ field, before: before[field], after: after[field] }))
