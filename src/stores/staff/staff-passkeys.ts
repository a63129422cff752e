import type { Passkey } from '../../crypto/passkeys.ts'
import type { Protection } from '../../crypto/protection.ts'
import type { Database } from '../database/database.ts'
import { placeOf } from '../keys/protected-tables.ts'
import { openRow } from '../open-each.ts'

/** A passkey of a member of staff. */
export type StaffPasskey = Passkey & {
  id: string
  staffId: string
  name: string
  addedAt: Date
  lastUsedAt: Date | null
}

/** Creates the store of passkeys of staff. */
export function createStaffPasskeyStore(db: Database, { encryption }: Pick<Protection, 'encryption'>) {
  const table = 'staff_passkeys'
  const place = (id: string) => placeOf(table, 'name', { id })
  const read = (row: Record<string, unknown>): StaffPasskey => {
    const id = row.id as string
    return {
      ...{ id, staffId: row.staff_id as string, credentialId: row.credential_id as string },
      name: openRow(table, id, () => encryption.decrypt(row.name as string, place(id))),
      publicKey: Uint8Array.from(row.public_key as Buffer),
      counter: Number(row.counter),
      ...{ transports: row.transports as string[], synced: row.synced as boolean },
      ...{ addedAt: row.added_at as Date, lastUsedAt: row.last_used_at as Date | null },
    }
  }
  return {
    /** Those of one person, the oldest first. */
    of: async (staffId: string): Promise<StaffPasskey[]> =>
      (await db(table).where({ staff_id: staffId }).orderBy('added_at').orderBy('id')).map(read),
    async findByCredential(credentialId: string): Promise<StaffPasskey | null> {
      const row = await db(table).where({ credential_id: credentialId }).first()
      return row ? read(row) : null
    },
    count: async (staffId: string): Promise<number> =>
      Number((await db(table).where({ staff_id: staffId }).count('* as n'))[0]?.n),
    /** False when the credential is known already. */
    async add(passkey: Omit<StaffPasskey, 'lastUsedAt'>): Promise<boolean> {
      const { id, staffId, name, credentialId, publicKey, counter, transports, synced, addedAt } = passkey
      const row = { id, staff_id: staffId, name: encryption.encrypt(name, place(id)), credential_id: credentialId }
      const key = { public_key: Buffer.from(publicKey), counter, transports, synced, added_at: addedAt }
      const rows = await db(table)
        .insert({ ...row, ...key })
        .onConflict('credential_id')
        .ignore()
        .returning('id')
      return rows.length === 1
    },
    /**
     * Takes a proof: false when its counter did not go on (WebAuthn 3, 7.2, step 22; 0 and 0 is no counter at all), or the passkey is gone:
     * who deactivates its holder removes it, and waits for whoever is taking a proof.
     */
    take: async (id: string, counter: number, now: Date): Promise<boolean> =>
      (await db(table)
        .where({ id })
        .where((fresh) => fresh.where('counter', '<', counter).orWhereRaw('counter = 0 and ? = 0', [counter]))
        .update({ counter, last_used_at: now })) === 1,
    /** `id` may be any text of an address; false when it is none of this person's. */
    remove: async (id: string, staffId: string): Promise<boolean> =>
      (await db(table).whereRaw('id::text = ?', [id]).where({ staff_id: staffId }).delete()) === 1,
    removeAll: (staffId: string) => db(table).where({ staff_id: staffId }).delete(),
  }
}
