import { hashToken } from '../../crypto/field-encryption.ts'
import { deleteSome } from '../database/clean-up.ts'
import type { Database } from '../database/database.ts'

/** What a challenge is for, and to whom it was given: `bound` is a secret of that session or browser. */
export type ChallengeBinding = { purpose: string; bound: string }

/** Creates the store of challenges for passkeys; both challenge and binding are kept as hashes. */
export function createPasskeyChallengeStore(db: Database) {
  const rowOf = (challenge: string, { purpose, bound }: ChallengeBinding) => ({
    ...{ challenge_hash: hashToken(challenge), purpose, bound_hash: hashToken(bound) },
  })
  return {
    async issue(challenge: string, binding: ChallengeBinding, expiresAt: Date): Promise<void> {
      await db('passkey_challenges').insert({ ...rowOf(challenge, binding), expires_at: expiresAt })
    },
    /** Uses a challenge up: of many answers at once one is for it, and none but where it was given and in its time. */
    take: async (challenge: string, binding: ChallengeBinding, now: Date): Promise<boolean> =>
      (await db('passkey_challenges').where(rowOf(challenge, binding)).where('expires_at', '>', now).delete()) === 1,
    deleteExpired: (now: Date) =>
      deleteSome(db, 'passkey_challenges', (rows) => rows.where('expires_at', '<=', now).orderBy('expires_at')),
  }
}
