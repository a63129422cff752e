import type { Protection } from '../../crypto/protection.ts'
import { type BounceReason, isHardBounce } from '../../domain/messages/email-bounce.ts'
import type { Database } from '../database/database.ts'
import { placeOf } from '../keys/protected-tables.ts'

/** An account whose e-mail came back. */
export type BouncedAccount = {
  accountId: string
  email: string
  state: string
  reason: BounceReason
  at: Date
  toldAt: Date | null
}

/** `other_address`: the account has another address by now, or it is gone. */
export type BounceMark = 'marked' | 'known' | 'other_address'

const purpose = 'messages.recipient'

/** Addresses are told apart as mail servers do in practice: without regard to case. */
const plain = (address: string) => address.trim().toLowerCase()

/** Makes the keyed hash under which the recipient of a message is kept. */
export const recipientHash = ({ hash }: Protection, address: string) => hash.hash(plain(address), purpose)

/** Creates the store of bounces: the mark lies at the account, for the address that it has. */
export function createEmailBounceStore(db: Database, { encryption, hash }: Protection) {
  const openEmail = (row: { id: string; email: string }) =>
    encryption.decrypt(row.email, placeOf('accounts', 'email', row))
  const hashes = (address: string) => hash.candidates(plain(address), purpose)
  const store = {
    /** Accounts that the message, or any message of the last weeks to the address, was about. */
    async accountsOf(about: { messageId: string } | { address: string }): Promise<string[]> {
      const rows = db('messages').whereNotNull('account_id').distinct('account_id')
      if ('messageId' in about) rows.where({ id: about.messageId })
      else rows.whereIn('recipient_hash', hashes(about.address))
      return (await rows).map((row) => row.account_id)
    },
    /** Marks the address of an account, if it is still the one of the message, or the one given. */
    async mark(
      accountId: string,
      about: { messageId: string } | { address: string },
      reason: BounceReason,
      now: Date,
    ): Promise<BounceMark> {
      const account = await db('accounts').where({ id: accountId }).first('id', 'email', 'email_bounce')
      if (!account) return 'other_address'
      const email = openEmail(account)
      if ('address' in about ? plain(about.address) !== plain(email) : !(await store.wasSentTo(about.messageId, email)))
        return 'other_address'
      // A soft bounce never weakens a hard one. The sealed address is the guard: a new one is never marked.
      if (account.email_bounce && (isHardBounce(account.email_bounce) || account.email_bounce === reason))
        return 'known'
      const marked = await db('accounts')
        .where({ id: accountId, email: account.email, email_bounce: account.email_bounce })
        .update({ email_bounced_at: now, email_bounce: reason, email_bounce_told_at: null })
      return marked === 1 ? 'marked' : 'known'
    },
    /** Whether the message went to the address; undefined when nothing is known of it. */
    async wasSentTo(messageId: string, address: string): Promise<boolean | undefined> {
      const row = await db('messages').where({ id: messageId }).first('recipient_hash')
      return row?.recipient_hash == null ? undefined : hash.matches(plain(address), purpose, row.recipient_hash)
    },
    /** The member has seen that e-mails come back. */
    told: (accountId: string, now: Date) =>
      db('accounts').where({ id: accountId }).whereNotNull('email_bounced_at').update({ email_bounce_told_at: now }),
    /** The newest first. */
    async list(limit: number): Promise<BouncedAccount[]> {
      const rows = await db('accounts')
        .whereNotNull('email_bounced_at')
        .orderBy('email_bounced_at', 'desc')
        .limit(limit)
        .select('id', 'email', 'state', 'email_bounce', 'email_bounced_at', 'email_bounce_told_at')
      return rows.map((row) => ({
        accountId: row.id,
        email: openEmail(row),
        state: row.state,
        reason: row.email_bounce,
        at: row.email_bounced_at,
        toldAt: row.email_bounce_told_at,
      }))
    },
  }
  return store
}
