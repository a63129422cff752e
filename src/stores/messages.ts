import type { Database } from './database.ts'
import type { Protection } from './protection.ts'

/** `discarded`: written where another case sends something, so that both take the same work; never delivered. */
export type MessageKind = 'email' | 'sms' | 'backchannel_logout' | 'discarded'
export type StoredMessage = { id: string; kind: MessageKind; payload: unknown; expiresAt: Date | null }

/** Creates the store of messages on their way out: payload encrypted, blanked once delivered or expired. */
export function createMessageStore(db: Database, { encryption }: Protection) {
  const messages = () => db('messages')
  return {
    add: (message: StoredMessage & { createdAt: Date }) =>
      messages().insert({
        id: message.id,
        kind: message.kind,
        payload: encryption.encrypt(JSON.stringify(message.payload), `messages.payload:${message.id}`),
        created_at: message.createdAt,
        expires_at: message.expiresAt,
      }),
    /** The message if it still has to go out. */
    async open(id: string): Promise<StoredMessage | null> {
      const row = await messages().where({ id, delivered_at: null, failed_at: null }).first()
      if (!row?.payload) return null
      const payload = JSON.parse(encryption.decrypt(row.payload, `messages.payload:${id}`))
      return { id, kind: row.kind, payload, expiresAt: row.expires_at }
    },
    delivered: (id: string, now: Date) => messages().where({ id }).update({ delivered_at: now, payload: null }),
    gaveUp: (id: string, failure: string, now: Date) =>
      messages().where({ id, delivered_at: null }).update({ failed_at: now, failure, payload: null }),
    countWaiting: async () =>
      Number((await messages().where({ delivered_at: null, failed_at: null }).count('* as n').first())?.n ?? 0),
    deleteCreatedBefore: (before: Date) => messages().where('created_at', '<', before).delete(),
  }
}
