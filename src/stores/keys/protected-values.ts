import { insuranceNumberHashes } from '../../crypto/blind-index.ts'
import type { Protection } from '../../crypto/protection.ts'
import type { Database } from '../database/database.ts'
import { columnsOf, keyOf, type ProtectedRow, readPage } from './protected-rows.ts'
import { ownerPlace, type ProtectedTable, placeOf, protectedTables } from './protected-tables.ts'

/** `not_open`: the ciphertext was altered, moved, or its key is gone; `other_number`: a blind index is not the one of its row's number. */
export type ValueFault = { place: string; fault: 'not_open' | 'other_number' }

export type ProtectedValueStore = ReturnType<typeof createProtectedValueStore>

/** Creates the store that looks whether every protected value opens where it stands; it reads only. */
export function createProtectedValueStore(db: Database, protection: Protection) {
  return {
    /** Opens every value of a table, a page at a time, and tells each that does not fit its row. */
    async *faults(spec: ProtectedTable): AsyncGenerator<ValueFault> {
      const bytes = Object.keys(spec.passing ?? {}).filter((column) => spec.passing?.[column]?.encryptedBytes)
      if (columnsOf(spec).length + bytes.length === 0) return
      for (let cursor = null as ReturnType<typeof keyOf> | null; ; ) {
        const page = await readPage(db, spec, cursor, bytes)
        for (const row of page) yield* faultsOf(protection, spec, row, bytes)
        if (page.length < spec.pageSize) return
        cursor = keyOf(spec, page.at(-1) as ProtectedRow)
      }
    },
    tables: protectedTables,
  }
}

function* faultsOf(
  { encryption, hash }: Protection,
  spec: ProtectedTable,
  row: ProtectedRow,
  bytes: readonly string[],
): Generator<ValueFault> {
  const key = keyOf(spec, row)
  const open = (column: string, place: string) =>
    bytes.includes(column)
      ? encryption.decryptBytes(row[column] as unknown as Buffer, place)
      : encryption.decrypt(row[column] ?? '', place)
  for (const column of [...spec.sealed, ...bytes]) {
    const place = placeOf(spec.table, column, key)
    if (row[column] && !opens(() => open(column, place))) yield { place, fault: 'not_open' }
  }
  for (const [column, { number }] of Object.entries(spec.hashed ?? {})) {
    const sealed = row[`number:${column}`]
    const place = ownerPlace(number.table, row[`owner:${column}`])
    // A number that does not open is told once, by its own column.
    if (!sealed || !opens(() => encryption.decrypt(sealed, place))) continue
    if (!insuranceNumberHashes(hash, encryption.decrypt(sealed, place)).includes(row[column] ?? ''))
      yield { place: placeOf(spec.table, column, key), fault: 'other_number' }
  }
}

function opens(open: () => unknown): boolean {
  try {
    open()
    return true
  } catch {
    return false
  }
}
