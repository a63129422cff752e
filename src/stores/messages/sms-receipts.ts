import type { Knex } from 'knex'
import type { Protection } from '../../crypto/protection.ts'
import { deleteSome } from '../database/clean-up.ts'
import { type Database, onceOnly } from '../database/database.ts'

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

/** A receipt; `meant`: the ids that it may mean, the likeliest first. */
export type MeantReceipt = { meant: readonly string[]; state: Exclude<SmsState, 'unknown'>; failure?: string }

const hashPurpose = 'sms_receipts.gateway_message'

/** Creates the store of what became of SMS. Numbers and texts never stand in it. */
export function createSmsReceiptStore(db: Database, { hash }: Protection) {
  const receipts = () => db('sms_receipts')
  const early = () => db('sms_early_receipts')
  const named = (gateway: string, id: string) => `${gateway} ${id}`
  /** Takes the receipts that came before a gateway's id was known along, the end before what leads to it. */
  const withEarly = (gateway: string, id: string | undefined) => {
    if (id === undefined) return receipts()
    const taken = db.raw(
      'delete from sms_early_receipts where gateway = ? and message_hashes && ?::text[] returning state, failure',
      [gateway, hash.candidates(named(gateway, id), hashPurpose)],
    )
    return receipts().with('early', taken)
  }
  const ofEarly = (column: string, otherwise: string | null): Knex.Raw =>
    db.raw(
      `case when exists (select from early) then (select ?? from early order by state = 'accepted' limit 1)
        else ${otherwise === null ? 'null' : '?'} end`,
      otherwise === null ? [column] : [column, otherwise as string],
    )
  const knownBy = (gateway: string, id: string, { state, failure }: Pick<SmsRecord, 'state' | 'failure'>) => ({
    gateway_message_hash: hash.hash(named(gateway, id), hashPurpose),
    state: ofEarly('state', state),
    failure: ofEarly('failure', failure),
  })
  return {
    /** Writes that a gateway took an SMS, or may have taken it; gives the record's id. A receipt that came before counts. */
    async add(record: Omit<SmsRecord, 'changedAt'> & { gatewayMessageId?: string }): Promise<string> {
      const { gateway, gatewayMessageId: id } = record
      const row = {
        message_id: record.messageId,
        account_id: record.accountId,
        gateway,
        country: record.country,
        purpose: record.purpose,
        price: record.price,
        sent_at: record.sentAt,
        changed_at: record.sentAt,
      }
      const plain = { state: record.state, failure: record.failure }
      const known = id === undefined ? plain : knownBy(gateway, id, plain)
      const [added] = await withEarly(gateway, id)
        .insert({ ...row, ...known })
        .returning('id')
      return added.id
    },
    /**
     * Writes the late answer to a submission without one so far: taken under an id, or with `failure` not at all.
     */
    async answer(
      recordId: string,
      {
        gateway,
        gatewayMessageId: id,
        failure = null,
      }: { gateway: string; gatewayMessageId?: string; failure?: string | null },
      now: Date,
    ): Promise<void> {
      const plain = { state: failure === null ? ('accepted' as const) : ('undelivered' as const), failure }
      const known: object = id === undefined ? plain : knownBy(gateway, id, plain)
      await withEarly(gateway, id)
        .where({ id: recordId, state: 'unknown' })
        .update({ ...known, changed_at: now })
    },
    /**
     * Notes a receipt that may mean any of the ids, the first of them that an SMS of this gateway has; `false` when none has.
     * An end stays: a repeated or late receipt changes nothing. Gateways use ids again after a while, so the newest SMS is meant.
     */
    async receive(gateway: string, receipt: MeantReceipt, now: Date): Promise<boolean> {
      const hashes = receipt.meant.flatMap((id) => hash.candidates(named(gateway, id), hashPurpose))
      const meant = receipts()
        .whereIn('gateway_message_hash', hashes)
        .where({ gateway })
        .orderByRaw('array_position(?::text[], gateway_message_hash), id desc', [hashes])
        .limit(1)
        .select('id')
      const open = db.raw("state = 'accepted'")
      const [row] = await receipts()
        .where('id', meant)
        .update({
          state: db.raw('case when ? then ? else state end', [open, receipt.state]),
          failure: db.raw('case when ? then ? else failure end', [open, receipt.failure ?? null]),
          changed_at: db.raw('case when ? then ?::timestamptz else changed_at end', [open, now]),
        })
        .returning('id')
      return row !== undefined
    },
    /** Keeps a receipt whose SMS is not known yet; gives its id. */
    async keepEarly(gateway: string, receipt: MeantReceipt, now: Date): Promise<string> {
      const [row] = await early()
        .insert({
          gateway,
          message_hashes: receipt.meant.map((id) => hash.hash(named(gateway, id), hashPurpose)),
          state: receipt.state,
          failure: receipt.failure ?? null,
          received_at: now,
        })
        .returning('id')
      return row.id
    },
    forgetEarly: (id: string) => early().where({ id }).delete(),
    /** Forgets receipts that have waited for their SMS since before a time; gives the gateway of each, 1,000 at most. */
    async forgetEarlyBefore(before: Date): Promise<string[]> {
      const some = early().where('received_at', '<', before).orderBy('received_at').limit(1000).select('id')
      const rows = await early().where(onceOnly(db, some.forUpdate().skipLocked())).delete().returning('gateway')
      return rows.map((row) => row.gateway)
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
