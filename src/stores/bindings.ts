import { areUnbound, isUnbound, type UnboundDecryption } from '../gateways/unbound-decryption.ts'
import type { Database } from './database.ts'
import { keyOf, type ProtectedRow, readPage } from './protected-rows.ts'
import { type ProtectedTable, placeOf, protectedTables, type RowKey } from './protected-tables.ts'
import type { Protection } from './protection.ts'

/** What became of the values of a table; `unreadable`: places of values that no key opens. */
export type Bound = { table: string; values: number; unreadable: string[] }

/** Artefacts of OpenID Connect end by themselves: signing in again makes new ones. */
const passingTable = 'oidc_artefacts'

/** Signing keys last: by them a start knows whether the rest is done. */
const lastTable = 'signing_keys'

/** Creates the store that binds the values of a database from before to their rows (docs/decisions/0024), once. */
export function createBindingStore(db: Database, { encryption }: Protection, unbound: UnboundDecryption) {
  async function bindTable(spec: ProtectedTable): Promise<Bound> {
    const bytes = Object.keys(spec.passing ?? {}).filter((column) => spec.passing?.[column]?.encryptedBytes)
    const bound: Bound = { table: spec.table, values: 0, unreadable: [] }
    if (spec.sealed.length + bytes.length === 0) return bound
    for (let cursor: RowKey | null = null; ; ) {
      const page: ProtectedRow[] = await readPage(db, spec, cursor, bytes)
      await db.transaction(async (trx) => {
        for (const row of page) await bindRow(trx, spec, row, bytes, bound)
      })
      if (page.length < spec.pageSize) return bound
      cursor = keyOf(spec, page.at(-1) as ProtectedRow)
    }
  }

  async function bindRow(trx: Database, spec: ProtectedTable, row: ProtectedRow, bytes: string[], bound: Bound) {
    const key = keyOf(spec, row)
    const changes: Record<string, string | Buffer> = {}
    for (const column of [...spec.sealed, ...bytes]) {
      const value = row[column] as string | Buffer | null
      const place = placeOf(spec.table, column, key)
      // The format before named some rows in its context, and some tables and columns only.
      const contexts = [place, `${spec.table}.${column}`, place.replaceAll(':', '.')]
      try {
        if (Buffer.isBuffer(value) && areUnbound(value))
          changes[column] = encryption.encryptBytes(unbound.decryptBytes(value, contexts), place)
        else if (typeof value === 'string' && isUnbound(value))
          changes[column] = encryption.encrypt(unbound.decrypt(value, contexts), place)
      } catch {
        bound.unreadable.push(place)
      }
    }
    if (Object.keys(changes).length === 0) return
    await trx(spec.table).where(key).update(changes)
    bound.values += Object.keys(changes).length
  }

  return {
    /** Whether the database is from before: cheap enough for every start. */
    async isFromBefore(): Promise<boolean> {
      const keys = await db('signing_keys').pluck('private_jwk')
      const account = await db('accounts').orderBy('id').first('mobile')
      const event = await db('audit_events').orderBy('id').first('body_hash')
      return keys.some(isUnbound) || (account && isUnbound(account.mobile)) || event?.body_hash === null
    },
    /** Whether the database was bound before: it is done once. */
    wasBound: async () => (await db('audit_events').where({ type: 'ciphertexts_bound' }).first('id')) !== undefined,
    /** Binds every value that is not, table by table; what is bound already stays. */
    async bindAll(): Promise<Bound[]> {
      await db(passingTable).delete()
      const ordered = [...protectedTables].sort((a, b) => Number(a.table === lastTable) - Number(b.table === lastTable))
      const done: Bound[] = []
      for (const spec of ordered) done.push(await bindTable(spec))
      return done
    },
  }
}
