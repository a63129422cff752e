import { hashToken } from '../../crypto/field-encryption.ts'
import type { Protection } from '../../crypto/protection.ts'
import type { Role } from '../../domain/staff/rights.ts'
import { holdLock } from '../database/advisory-locks.ts'
import type { Database } from '../database/database.ts'
import { placeOf } from '../keys/protected-tables.ts'
import { type LeftOut, openEach, openRow } from '../open-each.ts'

/** A member of staff. `joinedAt` null: the invitation was not taken up. */
export type Staff = {
  id: string
  email: string
  role: Role
  language: string
  invitedBy: string
  invitedAt: Date
  joinedAt: Date | null
  deactivatedAt: Date | null
  lastSignInAt: Date | null
}

/** What a sign-in is compared with. */
export type StaffSecrets = { passwordHash: string; totpSecret: string }

/** Creates the store of staff accounts. There are dozens, so an address is found by opening all: the same work for every address. */
export function createStaffStore(db: Database, { encryption }: Pick<Protection, 'encryption'>) {
  const place = (column: string, id: string) => placeOf('staff', column, { id })
  const read = (row: Record<string, unknown>): Staff => {
    const id = row.id as string
    return {
      id,
      email: openRow('staff', id, () => encryption.decrypt(row.email as string, place('email', id))),
      role: row.role as Role,
      language: row.language as string,
      invitedBy: row.invited_by as string,
      invitedAt: row.invited_at as Date,
      joinedAt: row.joined_at as Date | null,
      deactivatedAt: row.deactivated_at as Date | null,
      lastSignInAt: row.last_sign_in_at as Date | null,
    }
  }
  /** One whose row cannot be opened is left out where somebody is told of it. */
  const all = async (leftOut?: LeftOut) =>
    openEach(await db('staff').orderBy('invited_at').orderBy('id'), read, leftOut)
  return {
    all,
    /** `id` may be any text of an address. */
    async find(id: string): Promise<Staff | null> {
      const row = await db('staff').whereRaw('id::text = ?', [id]).first()
      return row ? read(row) : null
    },
    /** `email` as `normalizeEmail` writes it. */
    findByEmail: async (email: string): Promise<Staff | null> =>
      (await all()).find((staff) => staff.email === email) ?? null,
    /** Null for somebody who has not joined, or is deactivated. */
    async secrets(id: string): Promise<StaffSecrets | null> {
      const row = await db('staff').where({ id }).whereNotNull('joined_at').whereNull('deactivated_at').first()
      if (!row?.password_hash || !row.totp_secret) return null
      const totpSecret = openRow('staff', id, () => encryption.decrypt(row.totp_secret, place('totp_secret', id)))
      return { passwordHash: row.password_hash, totpSecret }
    },
    /** Lets nobody else invite or change roles until the transaction ends. */
    lock: () => holdLock(db, 'staff'),
    async add(staff: Pick<Staff, 'id' | 'email' | 'role' | 'language' | 'invitedBy' | 'invitedAt'>): Promise<void> {
      const { id, email, role, language, invitedBy, invitedAt } = staff
      const sealed = encryption.encrypt(email, place('email', id))
      await db('staff').insert({ id, email: sealed, role, language, invited_by: invitedBy, invited_at: invitedAt })
    },
    /** Sets password and second factor, and makes everything before them void; false for somebody who is deactivated. */
    async join(id: string, { passwordHash, totpSecret }: StaffSecrets, now: Date): Promise<boolean> {
      const sealed = encryption.encrypt(totpSecret, place('totp_secret', id))
      const change = { password_hash: passwordHash, totp_secret: sealed, totp_step: null, joined_at: now }
      return (await db('staff').where({ id }).whereNull('deactivated_at').update(change)) === 1
    },
    /** Takes the code of a time step (RFC 6238 § 5.2: once only); false when it, or a later one, was taken before. */
    takeTotpStep: async (id: string, step: number): Promise<boolean> =>
      (await db('staff')
        .where({ id })
        .whereNull('deactivated_at')
        .where((fresh) => fresh.whereNull('totp_step').orWhere('totp_step', '<', step))
        .update({ totp_step: step })) === 1,
    noteSignIn: (id: string, now: Date) => db('staff').where({ id }).update({ last_sign_in_at: now }),
    changeRole: async (id: string, from: Role, to: Role): Promise<boolean> =>
      (await db('staff').where({ id, role: from }).whereNull('deactivated_at').update({ role: to })) === 1,
    deactivate: async (id: string, now: Date): Promise<boolean> =>
      (await db('staff').where({ id }).whereNull('deactivated_at').update({ deactivated_at: now })) === 1,
    /** Takes password and second factor away until a link is used; false for somebody who has not joined. */
    resetFactors: async (id: string): Promise<boolean> =>
      (await db('staff')
        .where({ id })
        .whereNull('deactivated_at')
        .whereNotNull('joined_at')
        .update({ password_hash: null, totp_secret: null, totp_step: null, joined_at: null })) === 1,
    /** Owners who can sign in. */
    async countOwners(): Promise<number> {
      const rows = db('staff').where({ role: 'owner' }).whereNotNull('joined_at').whereNull('deactivated_at')
      const [counted] = await rows.count('* as n')
      return Number(counted?.n)
    },
    /** Makes a link good until `expiresAt`; those before it are not good any more. */
    async issueLink(token: string, staffId: string, expiresAt: Date): Promise<void> {
      await db('staff_links').where({ staff_id: staffId }).delete()
      await db('staff_links').insert({ token_hash: hashToken(token), staff_id: staffId, expires_at: expiresAt })
    },
    /** Whose link it is, while it can be used. */
    async ofLink(token: string, now: Date): Promise<string | null> {
      const links = db('staff_links')
        .where({ token_hash: hashToken(token) })
        .whereNull('used_at')
      return (await links.where('expires_at', '>', now).first('staff_id'))?.staff_id ?? null
    },
    /** Uses a link up; of many at once one gets the id. */
    async useLink(token: string, now: Date): Promise<string | null> {
      const links = db('staff_links')
        .where({ token_hash: hashToken(token) })
        .whereNull('used_at')
      const [used] = await links.where('expires_at', '>', now).update({ used_at: now }).returning('staff_id')
      return used?.staff_id ?? null
    },
  }
}
