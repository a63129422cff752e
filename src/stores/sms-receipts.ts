import { deleteSome } from './clean-up.ts'
import type { Database } from './database.ts'
import type { Protection } from './protection.ts'

/** `unknown`: handed over, but the gateway did not answer. The others as gateways tell them. */
export type SmsState = 'unknown' | 'accepted' | 'delivered' | 'undelivered' | 'expired'

/** One SMS as a gateway took it; `price` in hundredths of a cent, `failure` a code. */
export type SmsRecord = {
  messageId: string
  accountId: string | null
  gateway: string
  country: string
  purpose: string
  price: number
  state: SmsState
  failure: string | null
  sentAt: Date
  changedAt: Date
}

/** How many SMS of a gateway and country ended in each state; `doubles`: messages that may have arrived more than once. */
export type SmsShare = { gateway: string; country: string; doubles: number } & Record<SmsState, number>

/** Spending of a purpose and country in hundredths of a cent. */
export type SmsSpending = { purpose: string; country: string; spent: number }

const hashPurpose = 'sms_receipts.gateway_message'

/** Creates the store of what became of SMS. Numbers and texts never stand in it. */
export function createSmsReceiptStore(db: Database, { hash }: Protection) {
  const receipts = () => db('sms_receipts')
  const named = (gateway: string, id: string) => `${gateway} ${id}`
  return {
    /** Writes that a gateway took an SMS, or may have taken it. */
    async add(record: Omit<SmsRecord, 'changedAt'> & { gatewayMessageId?: string }): Promise<void> {
      const { gateway, gatewayMessageId: id } = record
      await receipts().insert({
        message_id: record.messageId,
        account_id: record.accountId,
        gateway,
        gateway_message_hash: id === undefined ? null : hash.hash(named(gateway, id), hashPurpose),
        country: record.country,
        purpose: record.purpose,
        price: record.price,
        state: record.state,
        failure: record.failure,
        sent_at: record.sentAt,
        changed_at: record.sentAt,
      })
    },
    /**
     * Notes a receipt; `false` when no SMS of this gateway has the id. An end stays: a repeated or late receipt changes
     * nothing. Gateways use ids again after a while, so the newest SMS is meant.
     */
    async receive(
      gateway: string,
      receipt: { gatewayMessageId: string; state: Exclude<SmsState, 'unknown'>; failure?: string },
      now: Date,
    ): Promise<boolean> {
      const hashes = hash.candidates(named(gateway, receipt.gatewayMessageId), hashPurpose)
      const newest = receipts().whereIn('gateway_message_hash', hashes).where({ gateway }).max('id')
      const open = db.raw("state = 'accepted'")
      const [row] = await receipts()
        .where('id', newest)
        .update({
          state: db.raw('case when ? then ? else state end', [open, receipt.state]),
          failure: db.raw('case when ? then ? else failure end', [open, receipt.failure ?? null]),
          changed_at: db.raw('case when ? then ?::timestamptz else changed_at end', [open, now]),
        })
        .returning('id')
      return row !== undefined
    },
    /** What became of the SMS of an account, newest first, 100 at most. */
    async ofAccount(accountId: string): Promise<SmsRecord[]> {
      const rows = await receipts().where({ account_id: accountId }).orderBy('sent_at', 'desc').orderBy('id').limit(100)
      return rows.map((row) => ({
        messageId: row.message_id,
        accountId: row.account_id,
        gateway: row.gateway,
        country: row.country,
        purpose: row.purpose,
        price: row.price,
        state: row.state,
        failure: row.failure,
        sentAt: row.sent_at,
        changedAt: row.changed_at,
      }))
    },
    /** How SMS ended since a time, for each gateway and country: for metrics. */
    async shares(since: Date): Promise<SmsShare[]> {
      const { rows } = await db.raw(
        `select gateway, country,
           count(*) filter (where state = 'unknown')::int as unknown,
           count(*) filter (where state = 'accepted')::int as accepted,
           count(*) filter (where state = 'delivered')::int as delivered,
           count(*) filter (where state = 'undelivered')::int as undelivered,
           count(*) filter (where state = 'expired')::int as expired,
           count(*) filter (where copy > 1)::int as doubles
         from (select *, row_number() over (partition by message_id order by id) as copy
               from sms_receipts where sent_at >= :since) taken
         group by gateway, country order by gateway, country`,
        { since },
      )
      return rows
    },
    /** What SMS have cost since a time, doubles included, for each purpose and country. */
    async spending(since: Date): Promise<SmsSpending[]> {
      const rows = await receipts()
        .where('sent_at', '>=', since)
        .groupBy('purpose', 'country')
        .select('purpose', 'country')
        .sum('price as spent')
      return rows.map(({ purpose, country, spent }) => ({ purpose, country, spent: Number(spent) }))
    },
    deleteSentBefore: (before: Date) =>
      deleteSome(db, 'sms_receipts', (rows) => rows.where('sent_at', '<', before).orderBy('sent_at')),
  }
}

export type SmsReceiptStore = ReturnType<typeof createSmsReceiptStore>
