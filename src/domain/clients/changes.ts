import type { Client, RegisteredClient } from './client.ts'

/** What applying files does to one client; `fields` are those that it changes. */
export type ClientChange = {
  clientId: string
  /**
   * `gone`: let in no more, until its entry is back; `moved`: another file has the entry now; `removal`: that it is removed for good is
   * asked for, and two decide.
   */
  change: 'registered' | 'changed' | 'gone' | 'back' | 'taken_over' | 'moved' | 'removal'
  /** The file that says so. */
  file: string
  fields: (keyof Client)[]
  /** The file that had the entry before it moved. */
  from?: string
  /** An operator has suspended it, and no file lets it in. */
  suspended?: true
  /** What is before and after, of a client that is changed; nothing of secrets. */
  differences?: { field: keyof Client; before: unknown; after: unknown }[]
}

type File = { name: string; clients: readonly Client[] }

/**
 * `taken`: ids that a file names, although another hand registered them (`managedBy` of it); `twice`: those that two of the files name.
 */
export type FilePlan = {
  changes: ClientChange[]
  taken: { clientId: string; file: string; managedBy: string | null }[]
  twice: { clientId: string; files: [string, string] }[]
}

type How = {
  /** The files become the hand of what staff have registered, where they name it. */
  takeOver?: boolean
  /** Whose entry has vanished is to be removed for good, unless that is asked for already. */
  prune?: { asked: ReadonlySet<string> } | undefined
}

/**
 * Plans what makes the clients of some files what these say together. A client whose entry is gone is let in no more, and keeps its
 * consents and its id for when it comes back. Whoever another hand registered stays as it is: a file takes an entry from another one only
 * when that one is among these, and does not name it any more.
 */
export function planFiles(
  files: readonly File[],
  present: readonly RegisteredClient[],
  { takeOver = false, prune }: How = {},
): FilePlan {
  const known = new Map(present.map((each) => [each.client.clientId, each]))
  const names = new Set(files.map(({ name }) => name))
  const namedBy = new Map<string, string>()
  const plan: FilePlan = { changes: [], taken: [], twice: [] }
  for (const { name: file, clients } of files)
    for (const client of clients) {
      const { clientId } = client
      const other = namedBy.get(clientId)
      if (other !== undefined) plan.twice.push({ clientId, files: [other, file] })
      else namedBy.set(clientId, file)
    }
  for (const { name: file, clients } of files)
    for (const client of clients) {
      const before = known.get(client.clientId)
      const { clientId } = client
      if (before && before.managedBy !== file) {
        const { managedBy } = before
        if (managedBy === null && takeOver) plan.changes.push({ clientId, change: 'taken_over', file, fields: [] })
        else if (managedBy !== null && names.has(managedBy) && namedBy.get(clientId) === file)
          plan.changes.push({ clientId, change: 'moved', file, fields: [], from: managedBy })
        else plan.taken.push({ clientId, file, managedBy })
      }
      plan.changes.push(...changesOf(client, before, file))
    }
  for (const { client, managedBy, goneAt } of present) {
    const { clientId } = client
    if (managedBy === null || !names.has(managedBy) || namedBy.has(clientId)) continue
    if (!goneAt) plan.changes.push({ clientId, change: 'gone', file: managedBy, fields: [] })
    if (prune && !prune.asked.has(clientId))
      plan.changes.push({ clientId, change: 'removal', file: managedBy, fields: [] })
  }
  return plan
}

/** What an entry changes in its client. */
function changesOf(client: Client, before: RegisteredClient | undefined, file: string): ClientChange[] {
  const { clientId } = client
  if (!before) return [{ clientId, change: 'registered', file, fields: [] }]
  const fields = changedFields(before.client, client)
  const suspended = before.suspendedAt ? ({ suspended: true } as const) : {}
  const differences = differencesOf(before.client, client, fields)
  return [
    ...(fields.length > 0 ? [{ clientId, change: 'changed' as const, file, fields, differences, ...suspended }] : []),
    ...(before.goneAt ? [{ clientId, change: 'back' as const, file, fields: [], ...suspended }] : []),
  ]
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
