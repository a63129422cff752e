import type { Protection } from '../../crypto/protection.ts'
import {
  type Client,
  firstSubjectType,
  type RegisteredClient,
  type SubjectType,
  usualClient,
} from '../../domain/clients/client.ts'
import type { ClientSecret } from '../../domain/clients/secrets.ts'
import { holdLock } from '../database/advisory-locks.ts'
import type { Database } from '../database/database.ts'
import { placeOf } from '../keys/protected-tables.ts'
import { readSecret, secretsOfClient, writeBroughtAlong } from './client-secrets.ts'

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

/** Which clients are listed; `search`: part of their id or name, small and capital letters alike. */
export type ClientQuery = {
  after?: string | undefined
  limit: number
  search?: string | undefined
  kind?: string | undefined
  state?: 'let-in' | 'suspended' | 'gone' | 'draft' | undefined
  environment?: Client['environment'] | undefined
}

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
    const secrets = (row.secrets as Record<string, unknown>[]).map(readSecret)
    return {
      client: {
        ...usualClient,
        ...registration,
        clientId,
        contacts: contacts ?? [],
        secretHashes: registration.secretsMadeHere ? [] : secrets.map(({ hash }: ClientSecret) => hash),
      },
      subjectType: subjectType ?? firstSubjectType(registration),
      managedBy: row.managed_by as string | null,
      secrets,
      suspendedAt: row.suspended_at as Date | null,
      suspendedReason: row.suspended_reason as string | null,
      goneAt: row.gone_at as Date | null,
      changedAt: row.changed_at as Date,
      ...(contacts === null && { contactsUnreadable: true as const }),
    }
  }
  const write = (client: Client, managedBy: string | null, now: Date) => {
    const { clientId, contacts, secretHashes: _, ...registration } = client
    return {
      client_id: clientId,
      registration: JSON.stringify({ ...registration, subjectType: firstSubjectType(client) }),
      contacts: contacts.length > 0 ? encryption.encrypt(JSON.stringify(contacts), place(clientId)) : null,
      managed_by: managedBy,
      created_at: now,
      changed_at: now,
    }
  }
  const present = () => db('clients').whereNull('removed_at')
  const shown = () => present().select('clients.*', db.raw(`(${secretsOfClient}) as secrets`))
  const named = (ids: readonly string[]) => present().whereRaw('client_id = any(?)', [[...ids]])
  const idsOf = (rows: { client_id: string }[]) => rows.map(({ client_id }) => client_id)
  return {
    async find(clientId: string): Promise<RegisteredClient | null> {
      const row = await shown().where({ client_id: clientId }).first()
      return row ? read(row) : null
    },
    /** As `find`, for requests: whom to write to is nobody's matter there, and not opened. */
    async lookUp(clientId: string): Promise<RegisteredClient | null> {
      const row = await shown().where({ client_id: clientId }).first()
      return row ? read(row, () => []) : null
    },
    /** The same, and nobody else changes it until the transaction ends. */
    async hold(clientId: string): Promise<RegisteredClient | null> {
      const row = await shown().where({ client_id: clientId }).forUpdate('clients').first()
      return row ? read(row) : null
    },
    /** At most `limit` clients in the order of their ids, from the one behind `after` on, of those that fit. */
    async list({ after = '', limit, search, kind, state, environment }: ClientQuery): Promise<RegisteredClient[]> {
      const rows = shown().where('client_id', '>', after).orderBy('client_id').limit(limit)
      if (search) {
        const part = `%${search.replace(/[\\%_]/g, '\\$&')}%`
        rows.whereRaw("(client_id ilike ? or registration->>'name' ilike ?)", [part, part])
      }
      if (kind) rows.whereRaw("registration->>'kind' = ?", [kind])
      if (environment)
        rows.whereRaw("coalesce(registration->>'environment', ?) = ?", [usualClient.environment, environment])
      const isDraft = db.raw("registration->>'draft' is not distinct from 'true'")
      if (state === 'let-in') rows.whereNull('suspended_at').whereNull('gone_at').whereNot(isDraft)
      if (state === 'draft') rows.whereNull('suspended_at').whereNull('gone_at').where(isDraft)
      if (state === 'suspended') rows.whereNotNull('suspended_at')
      if (state === 'gone') rows.whereNull('suspended_at').whereNotNull('gone_at')
      return (await rows).map((row) => read(row))
    },
    /** Lets nobody else apply a file until the transaction ends; a long file is waited for, as a start depends on it. */
    async lock(): Promise<void> {
      await db.raw("select set_config('lock_timeout', ?, true), set_config('statement_timeout', ?, true)", [
        patience,
        patience,
      ])
      await holdLock(db, 'clients')
    },
    /** The clients that some files manage, and whoever has one of the ids. */
    async ofFiles(files: readonly string[], ids: readonly string[]): Promise<RegisteredClient[]> {
      const rows = await shown().where((either) =>
        either.whereRaw('managed_by = any(?)', [[...files]]).orWhereRaw('client_id = any(?)', [[...ids]]),
      )
      return rows.map((row) => read(row))
    },
    /** Ids of services, beside those of some files, that have a scope which is none of these. */
    async servicesBeyond(scopes: readonly string[], files: readonly string[]): Promise<string[]> {
      return await present()
        .whereRaw("(managed_by = any(?)) is not true and registration->>'kind' = 'service'", [[...files]])
        .whereRaw("not registration->'scopes' <@ ?::jsonb", [JSON.stringify(scopes)])
        .orderBy('client_id')
        .pluck('client_id')
    },
    /**
     * Adds clients, or changes them where the same hand registered them; secrets that are made here stay as they are, and so does the
     * subject type. Gives the ids that were written: not those of another hand, nor of a client that was removed.
     */
    async save(clients: readonly Client[], managedBy: string | null, now: Date): Promise<string[]> {
      const written: string[] = []
      for (let start = 0; start < clients.length; start += chunk) {
        const some = clients.slice(start, start + chunk)
        const rows = some.map((client) => write(client, managedBy, now))
        const done: { client_id: string }[] = await db('clients')
          .insert(rows)
          .onConflict('client_id')
          .merge({
            registration: db.raw(`excluded.registration || ${keptSubjectType}`),
            contacts: db.raw('excluded.contacts'),
            changed_at: now,
          })
          .whereRaw('clients.managed_by is not distinct from excluded.managed_by and clients.removed_at is null')
          .returning('client_id')
        const ids = new Set(idsOf(done))
        const kept = some.filter(({ clientId }) => ids.has(clientId))
        await writeBroughtAlong(db, kept, managedBy ?? 'staff', now)
        written.push(...ids)
      }
      return written
    },
    /** Adds a client of staff whose id nobody has or had; no id when somebody does. */
    async register(client: Client, now: Date): Promise<string[]> {
      const added = db('clients')
        .insert(write(client, null, now))
        .onConflict('client_id')
        .ignore()
      const ids = idsOf(await added.returning('client_id'))
      if (ids.length > 0) await writeBroughtAlong(db, [client], 'staff', now)
      return ids
    },
    /** False when it is suspended already, or unknown. */
    suspend: async (clientId: string, now: Date, reason: string | null = null): Promise<boolean> =>
      (await named([clientId])
        .whereNull('suspended_at')
        .update({ suspended_at: now, suspended_reason: reason, changed_at: now })) > 0,
    /** False when it is not suspended, or unknown. */
    lift: async (clientId: string, now: Date): Promise<boolean> =>
      (await named([clientId])
        .whereNotNull('suspended_at')
        .update({ suspended_at: null, suspended_reason: null, changed_at: now })) > 0,
    /** Notes that entries are gone from their file, and forgets whom to write to; gives the ids of which it was not noted before. */
    leave: async (ids: readonly string[], now: Date): Promise<string[]> =>
      idsOf(
        await named(ids)
          .whereNull('gone_at')
          .update({ gone_at: now, changed_at: now, contacts: null })
          .returning('client_id'),
      ),
    /** Notes that entries are in their file again; gives the ids that were gone. */
    comeBack: async (ids: readonly string[], now: Date): Promise<string[]> =>
      idsOf(await named(ids).whereNotNull('gone_at').update({ gone_at: null, changed_at: now }).returning('client_id')),
    /** Lets a file manage clients that staff have looked after. */
    takeOver: async (ids: readonly string[], file: string, now: Date): Promise<void> => {
      await named(ids).whereNull('managed_by').update({ managed_by: file, changed_at: now })
    },
    /** Lets a file manage clients whose entries it has from another one. */
    move: async (ids: readonly string[], file: string, now: Date): Promise<void> => {
      await named(ids).whereNotNull('managed_by').update({ managed_by: file, changed_at: now })
    },
    /**
     * Removes a client that staff look after, or whose entry is gone from its file, and whom to write to; false for any other. Its id is
     * not given again.
     */
    remove: async (clientId: string, now: Date): Promise<boolean> =>
      (await named([clientId])
        .where((either) => either.whereNull('managed_by').orWhereNotNull('gone_at'))
        .update({ removed_at: now, changed_at: now, contacts: null })) > 0,
  }
}
