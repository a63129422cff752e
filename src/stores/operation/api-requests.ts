import type { Protection } from '../../crypto/protection.ts'
import { deleteSome } from '../database/clean-up.ts'
import type { Database } from '../database/database.ts'
import { placeOf } from '../keys/protected-tables.ts'

type Id = { clientId: string; key: string }

/** Creates the store of requests at the HTTP API that have an `Idempotency-Key`, with their answers. */
export function createApiRequestStore(db: Database, { encryption }: Pick<Protection, 'encryption'>) {
  const keyOf = ({ clientId, key }: Id) => ({ client_id: clientId, key })
  const place = (id: Id) => placeOf('api_requests', 'answer', keyOf(id))
  return {
    /** False when the key has been used before. */
    async begin(id: Id, fingerprint: string, now: Date): Promise<boolean> {
      const row = { ...keyOf(id), fingerprint, begun_at: now }
      const rows = await db('api_requests').insert(row).onConflict(['client_id', 'key']).ignore().returning('key')
      return rows.length === 1
    },
    async find(id: Id): Promise<{ fingerprint: string; answer: string | null } | null> {
      const row = await db('api_requests').where(keyOf(id)).first()
      return row && { fingerprint: row.fingerprint, answer: row.answer && encryption.decrypt(row.answer, place(id)) }
    },
    async keep(id: Id, answer: string): Promise<void> {
      await db('api_requests')
        .where(keyOf(id))
        .update({ answer: encryption.encrypt(answer, place(id)) })
    },
    async forget(id: Id): Promise<void> {
      await db('api_requests').where(keyOf(id)).whereNull('answer').delete()
    },
    deleteBegunBefore: (before: Date): Promise<number> =>
      deleteSome(db, 'api_requests', (rows) => rows.where('begun_at', '<', before).orderBy('begun_at')),
  }
}
