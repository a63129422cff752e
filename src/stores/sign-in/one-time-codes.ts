import type { KeyedHash } from '../../crypto/field-encryption.ts'
import type { Protection } from '../../crypto/protection.ts'
import { deleteSome } from '../database/clean-up.ts'
import type { Database } from '../database/database.ts'
import { writerOf } from '../database/writes.ts'

/** What an mTAN is for; the text of the SMS names it. */
export type MtanPurpose = 'registration' | 'signIn' | 'newLetter'

/** What a code is bound to: account or registration, and the journey it was sent in. */
export type CodeBinding = { purpose: MtanPurpose; subject: string }

export type NewCode = CodeBinding & {
  id: string
  code: string
  country: string
  tries: number
  issuedAt: Date
  expiresAt: Date
}

/** How a check ended. `triesLeft` counts after this one. */
export type CodeCheck = { result: 'right'; id: string } | { result: 'wrong'; triesLeft: number } | { result: 'none' }

export type OneTimeCodeStore = ReturnType<typeof createOneTimeCodeStore>

/** Creates the store of mTANs (security.md, "mTAN"; NIST SP 800-63B-4, 3.1.3.2): keyed hash, counted before compared. */
export function createOneTimeCodeStore(db: Database, { hash }: Protection) {
  const codes = () => db('one_time_codes')
  const write = writerOf(db)
  // The subject names account or number; only its keyed hash is stored.
  const subjectHash = (bound: CodeBinding) => hash.hash(bound.subject, 'mtan_subject')
  const codesOf = (bound: CodeBinding) =>
    codes()
      .whereIn('subject', hash.candidates(bound.subject, 'mtan_subject'))
      .where({ purpose: bound.purpose, voided_at: null })
  return {
    /** Issues a code; older ones of the same binding are void. */
    async issue(code: NewCode): Promise<void> {
      const voiding = codesOf(code).update({ voided_at: code.issuedAt }).returning('id')
      const row = {
        id: code.id,
        purpose: code.purpose,
        subject: subjectHash(code),
        code_hash: hash.hash(code.code, binding(code)),
        country: code.country,
        tries_left: code.tries,
        issued_at: code.issuedAt,
        expires_at: code.expiresAt,
      }
      // In one statement, which voids what was there before it only.
      await write(codes().insert(row).returning('id'), voiding)
    },
    /** Counts the try, then compares; the code is not used up yet. */
    async check(bound: CodeBinding, given: string, now: Date): Promise<CodeCheck> {
      const [row] = await codesOf(bound)
        .where({ consumed_at: null })
        .where('expires_at', '>', now)
        .where('tries_left', '>', 0)
        .update({ tries_left: db.raw('tries_left - 1') })
        .returning(['id', 'code_hash', 'tries_left'])
      if (!row) return { result: 'none' }
      return matches(hash, bound, given, row.code_hash)
        ? { result: 'right', id: row.id }
        : { result: 'wrong', triesLeft: row.tries_left }
    },
    /** Uses the code up; `false` when somebody did before, or a newer one has gone out. */
    async consume(id: string, now: Date): Promise<boolean> {
      const unused = codes().where({ id, consumed_at: null, voided_at: null })
      return (await write(unused.update({ consumed_at: now }).returning('id'))).length === 1
    },
    /** Sent and entered codes of a purpose and country since `since`, for the breaker (security.md, "mTAN sending"). */
    async share(purpose: MtanPurpose, country: string, since: Date): Promise<{ sent: number; entered: number }> {
      const row = await codes()
        .where({ purpose, country })
        .where('issued_at', '>', since)
        .first(db.raw('count(*)::int as sent'), db.raw('count(consumed_at)::int as entered'))
      return { sent: row?.sent ?? 0, entered: row?.entered ?? 0 }
    },
    deleteIssuedBefore: (before: Date) =>
      deleteSome(db, 'one_time_codes', (rows) => rows.where('issued_at', '<', before).orderBy('issued_at')),
  }
}

const binding = (bound: CodeBinding) => `mtan:${bound.purpose}:${bound.subject}`

function matches(hash: KeyedHash, bound: CodeBinding, given: string, hashed: string): boolean {
  return hash.matches(given, binding(bound), hashed)
}
