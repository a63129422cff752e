import type { Client } from '../../domain/clients/client.ts'
import { type ClientSecret, mostSecrets } from '../../domain/clients/secrets.ts'
import type { Database } from '../database/database.ts'

/** SQL of a column: the secrets of the client of the row that have not been ended, the newest first, as JSON. */
export const secretsOfClient = `
  select coalesce(json_agg(s order by s.created_at desc, s.hash), '[]') from client_secrets s
  where s.client_id = clients.client_id and s.ended_at is null`

/** Reads a row, whose times are dates or text of JSON. */
export function readSecret(row: Record<string, unknown>): ClientSecret {
  const day = (value: unknown) => (value === null ? null : new Date(value as string))
  return {
    ...{ id: row.id as string, name: row.name as string, hash: row.hash as string },
    managedBy: row.managed_by as string | null,
    createdAt: new Date(row.created_at as string),
    createdBy: row.created_by as string,
    expiresAt: day(row.expires_at),
    lastUsedAt: day(row.last_used_at),
  }
}

/**
 * Lets clients have the secrets that were brought along with them and no others. Those of clients whose secrets are made here stay, also
 * what was brought along before: it is rotated away.
 */
export async function writeBroughtAlong(
  db: Database,
  clients: readonly Client[],
  managedBy: string,
  now: Date,
): Promise<void> {
  const bringing = clients.filter(({ secretsMadeHere }) => !secretsMadeHere)
  if (bringing.length === 0) return
  const wanted = bringing.flatMap(({ clientId, secretHashes, secretReferences = [] }) =>
    secretHashes.map((hash, index) => ({ clientId, hash, name: secretReferences[index] ?? managedBy })),
  )
  const columns = [wanted.map(({ clientId }) => clientId), wanted.map(({ hash }) => hash)]
  await db.raw(
    `update client_secrets s set ended_at = ? where s.client_id = any(?) and s.ended_at is null and not exists (
       select from unnest(?::text[], ?::text[]) as w(client_id, hash) where w.client_id = s.client_id and w.hash = s.hash)`,
    [now, bringing.map(({ clientId }) => clientId), ...columns],
  )
  await db.raw(
    `insert into client_secrets (client_id, name, hash, managed_by, created_at, created_by)
     select distinct on (w.client_id, w.hash) w.client_id, w.name, w.hash, ?, ?::timestamptz, 'system' from unnest(?::text[], ?::text[], ?::text[]) as w(client_id, hash, name)
     on conflict (client_id, hash) where ended_at is null do update set name = excluded.name, managed_by = excluded.managed_by`,
    [managedBy, now, ...columns, wanted.map(({ name }) => name)],
  )
}

type NewSecret = { id: string; clientId: string; name: string; hash: string; createdBy: string; expiresAt: Date | null }

/** A secret whose end is near, and for how many days before it somebody is told. */
export type DueReminder = { id: string; clientId: string; name: string; expiresAt: Date }

/** Creates the store of the secrets of clients. */
export function createClientSecretStore(db: Database) {
  const open = () => db('client_secrets').whereNull('ended_at')
  return {
    /** All secrets that a client has had, the newest first; `endedAt` null: not ended. */
    async all(clientId: string): Promise<(ClientSecret & { endedAt: Date | null })[]> {
      const rows = await db('client_secrets').where({ client_id: clientId }).orderBy('created_at', 'desc').orderBy('id')
      return rows.map((row) => ({ ...readSecret(row), endedAt: row.ended_at as Date | null }))
    },
    /** Adds a secret to a client that is held (`clients.hold`); false when two are good already. */
    async add({ id, clientId, name, hash, createdBy, expiresAt }: NewSecret, now: Date): Promise<boolean> {
      const inForce = open()
        .where({ client_id: clientId })
        .whereRaw('(expires_at is null or expires_at > ?)', [now])
        .count('* as n')
      if (Number((await inForce)[0]?.n) >= mostSecrets) return false
      const row = { id, client_id: clientId, name, hash, created_by: createdBy, created_at: now, expires_at: expiresAt }
      await db('client_secrets').insert(row)
      return true
    },
    /** Ends a secret of a client; false when it is another's, ended already, or no secret at all. `id` may be any text. */
    async end(clientId: string, id: string, now: Date): Promise<boolean> {
      const rows = open().where({ client_id: clientId }).whereRaw('id::text = ?', [id])
      return (await rows.update({ ended_at: now })) > 0
    },
    /** Ends all secrets of a client. */
    async endAll(clientId: string, now: Date): Promise<void> {
      await open().where({ client_id: clientId }).update({ ended_at: now })
    },
    /** Notes that a secret was shown, unless that was noted within the hour. */
    async noteUse(id: string, now: Date): Promise<void> {
      const anHourAgo = new Date(now.getTime() - 3_600_000)
      await open()
        .where({ id })
        .whereRaw('(last_used_at is null or last_used_at < ?)', [anHourAgo])
        .update({ last_used_at: now })
    },
    /** At most `limit` secrets that end within `days` and of which nobody was told for as few days; none is given twice at a time. */
    async takeDue(days: number, now: Date, limit: number): Promise<DueReminder[]> {
      const end = new Date(now.getTime() + days * 86_400_000)
      const due = open()
        .where('expires_at', '>', now)
        .where('expires_at', '<=', end)
        .whereRaw('(reminded_days is null or reminded_days > ?)', [days])
        .orderBy('expires_at')
        .limit(limit)
        .forUpdate()
        .skipLocked()
        .select('id')
      const rows = await db('client_secrets')
        .whereIn('id', due)
        .update({ reminded_days: days })
        .returning(['id', 'client_id', 'name', 'expires_at'])
      return rows.map((row) => ({ id: row.id, clientId: row.client_id, name: row.name, expiresAt: row.expires_at }))
    },
  }
}
