import type { Protection } from '../../crypto/protection.ts'
import { deleteSome } from '../database/clean-up.ts'
import type { Database } from '../database/database.ts'
import { writerOf } from '../database/writes.ts'
import { placeOf } from '../keys/protected-tables.ts'
import { recipientHash } from './email-bounces.ts'

/** `discarded`: written where another case sends something, so that both take the same work; never delivered. */
export type MessageKind = 'email' | 'sms' | 'backchannel_logout' | 'discarded'
export type StoredMessage = { id: string; kind: MessageKind; payload: unknown; expiresAt: Date | null }

/** What became of a message; `failure` is a code, also of a try that will be repeated. */
export type MessageWay = {
  id: string
  kind: 'email' | 'sms'
  createdAt: Date
  deliveredAt: Date | null
  failedAt: Date | null
  failure: string | null
}

export type NewMessage = StoredMessage & {
  createdAt: Date
  /** Names the message: a second one of the same key is not written. */
  key?: string
  /** Messages of one key leave one after another, in the order of writing. */
  order?: string
  /** A newer message of the key makes older ones void that have not been sent. */
  supersedes?: string
  accountId?: string
  /** E-mail address, kept as a keyed hash, by which a bounce is matched. */
  recipient?: string
}

const supersedePurpose = 'messages.supersede'

/** Creates the store of messages on their way out: payload encrypted, blanked once delivered or expired. */
export function createMessageStore(db: Database, protection: Protection) {
  const { encryption, hash } = protection
  const messages = () => db('messages')
  const write = writerOf(db)
  return {
    /** Writes a message; `false` when there is one with its key already. */
    async add(message: NewMessage): Promise<boolean> {
      const adding = messages()
        .insert({
          id: message.id,
          kind: message.kind,
          payload: encryption.encrypt(JSON.stringify(message.payload), placeOf('messages', 'payload', message)),
          created_at: message.createdAt,
          expires_at: message.expiresAt,
          due_at: db.raw('clock_timestamp()'),
          key: message.key,
          order_key: message.order,
          // What an mTAN is bound to names a mobile number.
          supersede_key: message.supersedes && hash.hash(message.supersedes, supersedePurpose),
          account_id: message.accountId,
          recipient_hash: message.recipient && recipientHash(protection, message.recipient),
        })
        .onConflict(db.raw('(key) where key is not null') as never)
        .ignore()
        .returning('id')
      return (await write(adding)).length === 1
    },
    /** Makes older messages of the key void; one that is being sent at this moment cannot be called back. */
    async supersede(key: string, byId: string, now: Date): Promise<void> {
      const older = messages()
        .whereIn('supersede_key', hash.candidates(key, supersedePurpose))
        .where({ delivered_at: null, failed_at: null })
        .whereNot({ id: byId })
      await write(older.update({ failed_at: now, failure: 'superseded', payload: null }).returning('id'))
    },
    /** The message if it still has to go out. */
    async open(id: string): Promise<StoredMessage | null> {
      const row = await messages().where({ id, delivered_at: null, failed_at: null }).first()
      if (!row?.payload) return null
      const payload = JSON.parse(encryption.decrypt(row.payload, placeOf('messages', 'payload', { id })))
      return { id, kind: row.kind, payload, expiresAt: row.expires_at }
    },
    /** What became of the messages about an account, the newest first; what stood in them is not asked. */
    async wayOf(accountId: string, limit: number): Promise<MessageWay[]> {
      const rows = await messages()
        .where({ account_id: accountId })
        .whereIn('kind', ['email', 'sms'])
        .orderBy('created_at', 'desc')
        .orderBy('position', 'desc')
        .limit(limit)
        .select('id', 'kind', 'created_at', 'delivered_at', 'failed_at', 'failure')
      return rows.map((row) => ({
        ...{ id: row.id, kind: row.kind, createdAt: row.created_at, deliveredAt: row.delivered_at },
        ...{ failedAt: row.failed_at, failure: row.failure },
      }))
    },
    /** Whether a message of these kinds waits for nothing but its turn; one that is tried again later does not count. */
    isAnyDue: async (kinds: readonly MessageKind[]): Promise<boolean> =>
      (await messages()
        .whereIn('kind', kinds)
        .where({ delivered_at: null, failed_at: null })
        .whereRaw('due_at <= clock_timestamp()')
        .first('id')) !== undefined,
    /** When the message that waits longest was written; null when none waits. */
    oldestWaiting: async (): Promise<Date | null> =>
      (await messages().where({ delivered_at: null, failed_at: null }).min('created_at as oldest').first())?.oldest ??
      null,
    deleteCreatedBefore: (before: Date) =>
      deleteSome(db, 'messages', (rows) => rows.where('created_at', '<', before).orderBy('created_at')),
  }
}
