import { insuranceNumberHash } from '../../crypto/blind-index.ts'
import type { Protection } from '../../crypto/protection.ts'
import type { CalendarDay } from '../../domain/calendar.ts'
import type { Database } from '../database/database.ts'
import { placeOf } from '../keys/protected-tables.ts'
import { type LeftOut, openEach, openRow } from '../open-each.ts'

/** A letter that came back. `addressHash`: keyed hash of the blocked address, `null` once cleared. */
export type ReturnedLetter = {
  letterId: string
  insuranceNumber: string
  insuranceNumberHash: string
  addressHash: string | null
  postedOn: CalendarDay
  returnedAt: Date
  returnedBy: string
}

type Row = {
  letter_id: string
  insurance_number: string
  insurance_number_hash: string
  address_hash: string | null
  posted_on: CalendarDay
  returned_at: Date
  returned_by: string
}

/** Creates the store of returned letters: each blocks an address until the register has another one. */
export function createReturnedLetterStore(db: Database, { encryption, hash }: Protection) {
  const returned = () => db('returned_letters')
  const place = (letterId: string) => placeOf('returned_letters', 'insurance_number', { letter_id: letterId })
  const open = () => returned().whereNull('cleared_at')
  const read = (row: Row): ReturnedLetter => ({
    letterId: row.letter_id,
    insuranceNumber: openRow('returned_letters', row.letter_id, () =>
      encryption.decrypt(row.insurance_number, place(row.letter_id)),
    ),
    insuranceNumberHash: row.insurance_number_hash,
    addressHash: row.address_hash,
    postedOn: row.posted_on,
    returnedAt: row.returned_at,
    returnedBy: row.returned_by,
  })
  return {
    add: (letter: Omit<ReturnedLetter, 'insuranceNumberHash'>) =>
      returned().insert({
        letter_id: letter.letterId,
        insurance_number: encryption.encrypt(letter.insuranceNumber, place(letter.letterId)),
        insurance_number_hash: insuranceNumberHash(hash, letter.insuranceNumber),
        address_hash: letter.addressHash,
        posted_on: letter.postedOn,
        returned_at: letter.returnedAt,
        returned_by: letter.returnedBy,
      }),
    /** What blocks letters to these numbers, by blind index. */
    openOf: async (hashes: readonly string[]) => (await open().whereIn('insurance_number_hash', hashes)).map(read),
    /** What support has not cleared yet, oldest first; `after`: id of the last one seen. */
    page: async (after: string | null, limit: number, leftOut?: LeftOut): Promise<ReturnedLetter[]> => {
      const page = open().orderBy('letter_id').limit(limit)
      return openEach(await (after ? page.where('letter_id', '>', after) : page), read, leftOut)
    },
    /** The register has another address; `false` when that was noted before. */
    clear: async (letterId: string, now: Date) =>
      (await open().where({ letter_id: letterId }).update({ cleared_at: now, address_hash: null })) === 1,
    /** Writes the hash under the key that writes now. */
    rehash: (letterId: string, from: string, to: string) =>
      open().where({ letter_id: letterId, address_hash: from }).update({ address_hash: to }),
    /** Forgets what blocks an address since before the instant, cleared or not. */
    deleteReturnedBefore: (before: Date) => returned().where('returned_at', '<', before).delete(),
    /** Forgets what was cleared long ago. */
    deleteClearedBefore: (before: Date) => returned().where('cleared_at', '<', before).delete(),
  }
}
