import { randomUUID } from 'node:crypto'
import type { Knex } from 'knex'
import type { Protection } from '../../crypto/protection.ts'
import { type Database, onceOnly } from '../database/database.ts'
import { placeOf } from '../keys/protected-tables.ts'
import type { MessageKind, StoredMessage } from './messages.ts'

/** A message that one process may send until its lease ends. */
export type ClaimedMessage = Omit<StoredMessage, 'payload'> & {
  /** Names this try: only its holder may note how it ended. */
  claim: string
  /** This try is counted. */
  attempts: number
  accountId: string | null
  createdAt: Date
  /** When it was claimed, in milliseconds of the process's own steady clock. */
  claimedAt: number
  /** Seconds that the claim lasts, and again with each renewal. */
  lease: number
  /** Opens the payload. @throws Error when its key is not in the ring. */
  payload(): unknown
}

/** Seconds: the next try comes after `first`, then twice as long each time up to `longest`, less up to a half by chance. */
export type RetryRule = { first: number; longest: number }

/** What an overdue message was. */
export type ExpiredMessage = { id: string; kind: MessageKind; accountId: string | null }

/** A message whose delivery became known after its try. */
export type LateMessage = { kind: MessageKind; attempts: number; createdAt: Date }

type Row = {
  id: string
  kind: MessageKind
  payload: string
  expires_at: Date | null
  created_at: Date
  account_id: string | null
  attempts: number
}

/**
 * Creates the claims on messages. Whoever holds a claim may send; it ends by itself when its holder dies. Leases and next tries
 * go by the clock of the database, so that neither a moved clock nor machines that differ let two send at once.
 */
export function createMessageClaimStore(db: Database, { encryption }: Protection) {
  const messages = () => db('messages')
  const held = ({ id, claim }: Pick<ClaimedMessage, 'id' | 'claim'>) =>
    messages().where({ id, claim, delivered_at: null, failed_at: null })
  const released = { claim: null, claimed_until: null }
  const until = (seconds: number) => db.raw("clock_timestamp() + ? * interval '1 second'", [seconds])
  const take = async (due: Knex.QueryBuilder, lease: number): Promise<ClaimedMessage[]> => {
    const claim = randomUUID()
    const claimedAt = performance.now()
    const rows: Row[] = await messages()
      .where(onceOnly(db, due))
      .update({ claim, claimed_until: until(lease), attempts: db.raw('attempts + 1') })
      .returning(['id', 'kind', 'payload', 'expires_at', 'created_at', 'account_id', 'attempts'])
    return rows.map((row) => ({
      id: row.id,
      kind: row.kind,
      claim,
      claimedAt,
      lease,
      attempts: row.attempts,
      accountId: row.account_id,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      payload: () => JSON.parse(encryption.decrypt(row.payload, placeOf('messages', 'payload', row))),
    }))
  }
  return {
    /** Claims up to `limit` messages that are due, the longest due first, for `lease` seconds. */
    claim: (kinds: readonly MessageKind[], limit: number, lease: number, now: Date): Promise<ClaimedMessage[]> =>
      take(sendable(db, now).whereIn('m.kind', kinds).orderBy('m.due_at').limit(limit), lease),
    /** Claims those of the messages that may be sent now, for `lease` seconds. */
    claimThese: (ids: readonly string[], lease: number, now: Date): Promise<ClaimedMessage[]> =>
      take(sendable(db, now).whereRaw('m.id = any(?::uuid[])', [[...ids]]), lease),
    /**
     * Counts that an SMS is about to go out, before it does; `false` when it has gone out `most` times, or has been delivered
     * meanwhile.
     */
    goesOut: async (id: string, most: number): Promise<boolean> =>
      (await messages().where({ id, delivered_at: null }).where('hand_overs', '<', most).increment('hand_overs')) === 1,
    /** Takes the count back: no gateway has it from this submission. */
    stayedHere: async (id: string): Promise<void> => {
      await messages().where({ id }).where('hand_overs', '>', 0).decrement('hand_overs')
    },
    /** Notes a delivery that was in doubt; gives what the message was, once. */
    async deliveredLate(id: string, now: Date): Promise<LateMessage | undefined> {
      const [row] = await messages()
        .where({ id, delivered_at: null, failed_at: null })
        .update({ ...released, delivered_at: now, failure: null, payload: null })
        .returning(['kind', 'attempts', 'created_at'])
      return row && { kind: row.kind, attempts: row.attempts, createdAt: row.created_at }
    },
    /** Makes a message that nobody holds due now: what it waited for will not come. */
    hasten: async (id: string): Promise<void> => {
      await messages()
        .where({ id, delivered_at: null, failed_at: null, claim: null })
        .update({ due_at: db.raw('least(due_at, clock_timestamp())') })
    },
    /** Keeps the claim for its lease once more, also of a message made void meanwhile; `false` when it is lost. */
    renew: async ({ id, claim, lease }: ClaimedMessage): Promise<boolean> =>
      (await messages()
        .where({ id, claim })
        .update({ claimed_until: until(lease) })) === 1,
    /**
     * Notes the delivery, also when the claim was lost: what has been sent must not be sent again. `false` when it is noted
     * already, or when the message ended without this claim.
     */
    delivered: async ({ id, claim }: ClaimedMessage, now: Date) => {
      const rows = await messages()
        .where({ id, delivered_at: null })
        .where((open) => open.where({ claim }).orWhereNull('failed_at'))
        .update({ ...released, delivered_at: now, failed_at: null, failure: null, payload: null })
      return rows === 1
    },
    /** Lets the message be tried again later; `failure` is a code. */
    async tryAgain(message: ClaimedMessage, failure: string, { first, longest }: RetryRule): Promise<void> {
      const delay = Math.min(longest, first * 2 ** Math.min(16, message.attempts - 1))
      // Chance spreads tries that failed together, so that a relay that comes back is not hit by all at once.
      const due = db.raw("clock_timestamp() + ? * (0.5 + random() / 2) * interval '1 second'", [delay])
      await messages()
        .where({ id: message.id, claim: message.claim, delivered_at: null })
        .update({ ...released, failure, due_at: due })
    },
    /** Ends the message for good; `false` when it is not ours any more. */
    async giveUp(message: ClaimedMessage, failure: string, now: Date): Promise<boolean> {
      if ((await held(message).update({ ...released, failed_at: now, failure, payload: null })) === 1) return true
      // Made void meanwhile: its successor waits for this claim.
      await messages().where({ id: message.id, claim: message.claim }).update(released)
      return false
    },
    /**
     * Ends messages whose time is over, also those that nobody has ever looked at; `oldest` is the end of those without a
     * time of their own.
     */
    async expire(now: Date, oldest: Date, limit: number): Promise<ExpiredMessage[]> {
      const due = messages()
        .where({ delivered_at: null, failed_at: null })
        .where((either) => either.where('expires_at', '<=', now).orWhere('created_at', '<=', oldest))
        .whereRaw('(claimed_until is null or claimed_until <= now())')
        .limit(limit)
        .forUpdate()
        .skipLocked()
        .select('id')
      const rows = await messages()
        .where(onceOnly(db, due))
        .update({ ...released, failed_at: now, failure: 'expired', payload: null })
        .returning(['id', 'kind', 'account_id'])
      return rows.map((row) => ({ id: row.id, kind: row.kind, accountId: row.account_id }))
    },
  }
}

/** Messages that may be sent now: due, not claimed, nothing of their order before them, and none newer in their place. */
function sendable(db: Database, now: Date): Knex.QueryBuilder {
  return db('messages as m')
    .where({ 'm.delivered_at': null, 'm.failed_at': null })
    .whereNotNull('m.payload')
    .whereRaw('m.due_at <= now()')
    .whereRaw('(m.claimed_until is null or m.claimed_until <= now())')
    .whereNotExists(
      db('messages as earlier')
        .whereRaw('earlier.order_key = m.order_key and earlier.position < m.position')
        .where({ 'earlier.delivered_at': null, 'earlier.failed_at': null })
        // What has expired holds nobody up, unless it is on its way.
        .whereRaw('(earlier.expires_at is null or earlier.expires_at > ? or earlier.claimed_until > now())', [now]),
    )
    .whereNotExists(
      // A void one that is being sent right now must not come after its successor: the successor waits for its end.
      db('messages as older')
        .whereRaw('older.supersede_key = m.supersede_key and older.position < m.position')
        .whereRaw('older.claimed_until > now()'),
    )
    .whereNotExists(
      // Of two that were written at the same time neither saw the other: the later one counts.
      db('messages as newer').whereRaw('newer.supersede_key = m.supersede_key and newer.position > m.position'),
    )
    .forUpdate('m')
    .skipLocked()
    .select('m.id')
}
