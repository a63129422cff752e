import type { Protection } from '../../crypto/protection.ts'
import { type Client, firstSubjectType, type RegisteredClient, type SubjectType } from '../../domain/clients/client.ts'
import { holdLock } from '../database/advisory-locks.ts'
import type { Database } from '../database/database.ts'
import { placeOf } from '../keys/protected-tables.ts'

/** For this lock, instead of what the service's other statements may take. */
const patience = '120s'

/** Rows of one statement: a file of ten thousand applications is some of them. */
const chunk = 500

const place = (clientId: string) => placeOf('clients', 'contacts', { client_id: clientId })

type Registration = Omit<Client, 'clientId' | 'contacts' | 'secretHashes'> & {
  /** Unset: registered before it was kept. */
  subjectType?: SubjectType
}

/** That of the row before; where it was not kept yet, it followed `firstParty`. */
const keptSubjectType = `jsonb_build_object('subjectType', coalesce(clients.registration->>'subjectType',
  case when (clients.registration->>'firstParty')::boolean then 'public' else 'pairwise' end))`

/** Creates the store of applications and services. */
export function createClientStore(db: Database, { encryption }: Pick<Protection, 'encryption'>) {
  /** Null: they cannot be opened. Nobody is kept out for it. */
  const open = (clientId: string, sealed: string | null): string[] | null => {
    try {
      return sealed === null ? [] : JSON.parse(encryption.decrypt(sealed, place(clientId)))
    } catch {
      return null
    }
  }
  const read = (row: Record<string, unknown>, contactsOf = open): RegisteredClient => {
    const clientId = row.client_id as string
    const contacts = contactsOf(clientId, row.contacts as string | null)
    const { subjectType, ...registration } = row.registration as Registration
    return {
      client: {
        ...registration,
        clientId,
        contacts: contacts ?? [],
        secretHashes: row.secret_hashes as string[],
      },
      subjectType: subjectType ?? firstSubjectType(registration),
      managedBy: row.managed_by as string | null,
      suspendedAt: row.suspended_at as Date | null,
      goneAt: row.gone_at as Date | null,
      changedAt: row.changed_at as Date,
      ...(contacts === null && { contactsUnreadable: true as const }),
    }
  }
  const write = (client: Client, managedBy: string | null, now: Date) => {
    const { clientId, contacts, secretHashes, ...registration } = client
    return {
      client_id: clientId,
      registration: JSON.stringify({ ...registration, subjectType: firstSubjectType(client) }),
      contacts: contacts.length > 0 ? encryption.encrypt(JSON.stringify(contacts), place(clientId)) : null,
      secret_hashes: secretHashes,
      managed_by: managedBy,
      created_at: now,
      changed_at: now,
    }
  }
  type Mark = 'suspended_at' | 'gone_at'
  const mark = async (ids: readonly string[], column: Mark, now: Date): Promise<string[]> => {
    const found = db('clients')
      .whereRaw('client_id = any(?)', [[...ids]])
      .whereNull(column)
    const change = { [column]: now, changed_at: now, ...(column === 'gone_at' && { contacts: null }) }
    return (await found.update(change).returning('client_id')).map(({ client_id }) => client_id)
  }
  const clear = async (ids: readonly string[], column: Mark, now: Date): Promise<string[]> => {
    const found = db('clients')
      .whereRaw('client_id = any(?)', [[...ids]])
      .whereNotNull(column)
    return (await found.update({ [column]: null, changed_at: now }).returning('client_id')).map(
      ({ client_id }) => client_id,
    )
  }
  return {
    async find(clientId: string): Promise<RegisteredClient | null> {
      const row = await db('clients').where({ client_id: clientId }).first()
      return row ? read(row) : null
    },
    /** As `find`, for requests: whom to write to is nobody's matter there, and not opened. */
    async lookUp(clientId: string): Promise<RegisteredClient | null> {
      const row = await db('clients').where({ client_id: clientId }).first()
      return row ? read(row, () => []) : null
    },
    /** At most `limit` clients in the order of their ids, from the one behind `after` on. */
    async list({ after = '', limit }: { after?: string | undefined; limit: number }): Promise<RegisteredClient[]> {
      const rows = await db('clients').where('client_id', '>', after).orderBy('client_id').limit(limit)
      return rows.map((row) => read(row))
    },
    /** Lets nobody else apply a file until the transaction ends; a long file is waited for, as a start depends on it. */
    async lock(): Promise<void> {
      await db.raw("select set_config('lock_timeout', ?, true), set_config('statement_timeout', ?, true)", [
        patience,
        patience,
      ])
      await holdLock(db, 'clients')
    },
    /** The clients that a file manages, and whoever has one of the ids. */
    async ofFile(file: string, ids: readonly string[]): Promise<RegisteredClient[]> {
      const rows = await db('clients')
        .where({ managed_by: file })
        .orWhereRaw('client_id = any(?)', [[...ids]])
      return rows.map((row) => read(row))
    },
    /** Ids of services, beside those of a file, that have a scope which is none of these. */
    async servicesBeyond(scopes: readonly string[], file: string): Promise<string[]> {
      return await db('clients')
        .whereRaw("managed_by is distinct from ? and registration->>'kind' = 'service'", [file])
        .whereRaw("not registration->'scopes' <@ ?::jsonb", [JSON.stringify(scopes)])
        .orderBy('client_id')
        .pluck('client_id')
    },
    /**
     * Adds clients, or changes them where the same hand registered them; secrets that are made here stay as they are, and so does the
     * subject type. Gives the ids that were written.
     */
    async save(clients: readonly Client[], managedBy: string | null, now: Date): Promise<string[]> {
      const written: string[] = []
      for (let start = 0; start < clients.length; start += chunk) {
        const rows = clients.slice(start, start + chunk).map((client) => write(client, managedBy, now))
        const done: { client_id: string }[] = await db('clients')
          .insert(rows)
          .onConflict('client_id')
          .merge({
            registration: db.raw(`excluded.registration || ${keptSubjectType}`),
            contacts: db.raw('excluded.contacts'),
            secret_hashes: db.raw(
              "case when (excluded.registration->>'secretsMadeHere')::boolean then clients.secret_hashes else excluded.secret_hashes end",
            ),
            changed_at: now,
          })
          .whereRaw('clients.managed_by is not distinct from excluded.managed_by')
          .returning('client_id')
        written.push(...done.map(({ client_id }) => client_id))
      }
      return written
    },
    /** False when it is suspended already, or unknown. */
    suspend: async (clientId: string, now: Date) => (await mark([clientId], 'suspended_at', now)).length > 0,
    /** False when it is not suspended, or unknown. */
    resume: async (clientId: string, now: Date) => (await clear([clientId], 'suspended_at', now)).length > 0,
    /** Notes that entries are gone from their file, and forgets whom to write to; gives the ids of which it was not noted before. */
    leave: (ids: readonly string[], now: Date) => mark(ids, 'gone_at', now),
    /** Notes that entries are in their file again; gives the ids that were gone. */
    comeBack: (ids: readonly string[], now: Date) => clear(ids, 'gone_at', now),
    /** Adds a secret to a client whose secrets are made here; false when two are valid, and for any other client. */
    async addSecret(clientId: string, secretHash: string, now: Date): Promise<boolean> {
      const change = { secret_hashes: db.raw('array_prepend(?::text, secret_hashes)', [secretHash]), changed_at: now }
      const rows = db('clients').where({ client_id: clientId }).whereRaw('cardinality(secret_hashes) < 2')
      return (await rows.whereRaw("(registration->>'secretsMadeHere')::boolean").update(change)) > 0
    },
    /** Ends the older of two secrets that were made here; false when there are not two. */
    async endOlderSecret(clientId: string, now: Date): Promise<boolean> {
      const change = { secret_hashes: db.raw('secret_hashes[1:1]'), changed_at: now }
      const rows = db('clients').where({ client_id: clientId }).whereRaw('cardinality(secret_hashes) = 2')
      return (await rows.whereRaw("(registration->>'secretsMadeHere')::boolean").update(change)) > 0
    },
  }
}
