import type { Database } from '../database/database.ts'
import type { FoundAuditEvent } from './audit-look-ups.ts'
import { type Row, toEvent } from './audit-rows.ts'

/** An event in its place of the chain. */
export type SealedAuditEvent = FoundAuditEvent & { position: number; chain: string }

/** How far the receiver is; `position` is the last event that it took, 0 before the first. */
export type AuditStreamState = {
  position: number
  /** Deliveries that failed since one succeeded. */
  failures: number
  fault: string | null
  failedAt: Date | null
  sentAt: Date | null
  /** The newest place of the chain. */
  head: number
  /** When the oldest event happened that the receiver has not taken, sealed or not. */
  oldestAt: Date | null
}

const name = 'siem'

/** Creates the cursor of whoever receives audit events. One worker holds it at a time, by the clock of the database. */
export function createAuditStreamStore(db: Database) {
  const until = (seconds: number) => db.raw("clock_timestamp() + ? * interval '1 second'", [seconds])
  const held = (claim: string) => db('audit_streams').where({ name, claim })
  return {
    /** Takes the cursor for `seconds`, and tells where it stands; null while somebody else has it. */
    async claim(claim: string, seconds: number): Promise<number | null> {
      const rows = await db('audit_streams')
        .insert({ name, position: 0, claim, claimed_until: until(seconds) })
        .onConflict('name')
        .merge(['claim', 'claimed_until'])
        .where((free) =>
          free.whereNull('audit_streams.claim').orWhereRaw('audit_streams.claimed_until < clock_timestamp()'),
        )
        .returning('position')
      return rows[0] ? Number(rows[0].position) : null
    },
    /** Moves the cursor and keeps it for `seconds` more; `false` when it is somebody else's, or stands elsewhere. */
    advance: async (
      claim: string,
      { from, to, at, seconds }: { from: number; to: number; at: Date; seconds: number },
    ): Promise<boolean> =>
      (await held(claim)
        .where({ position: from })
        .update({
          position: to,
          claimed_until: until(seconds),
          failures: 0,
          fault: null,
          failed_at: null,
          sent_at: at,
        })) === 1,
    /** Notes a delivery that failed, and how many have since one succeeded; 0 when the cursor is somebody else's. */
    async fail(claim: string, fault: string, at: Date): Promise<number> {
      const [row] = await held(claim)
        .update({ fault, failed_at: at, failures: db.raw('failures + 1') })
        .returning('failures')
      return row ? Number(row.failures) : 0
    },
    release: (claim: string) => held(claim).update({ claim: null, claimed_until: null }),
    /** The sealed events behind a place, in the order of the chain. */
    async after(position: number, limit: number): Promise<SealedAuditEvent[]> {
      const rows: Row[] = await db<Row>('audit_events')
        .where('position', '>', position)
        .orderBy('position')
        .limit(limit)
      return rows.map((row) => ({
        ...{ ...toEvent(row), id: String(row.id) },
        ...{ position: Number(row.position), chain: row.chain ?? '' },
      }))
    },
    async state(): Promise<AuditStreamState> {
      const row = await db('audit_streams').where({ name }).first()
      const position = Number(row?.position ?? 0)
      const newest = await db('audit_events').whereNotNull('position').orderBy('position', 'desc').first('position')
      const next =
        (await db('audit_events').where('position', '>', position).orderBy('position').first('at')) ??
        (await db('audit_events').whereNull('position').orderBy('id').first('at'))
      return {
        ...{ position, failures: Number(row?.failures ?? 0), fault: row?.fault ?? null },
        ...{ failedAt: row?.failed_at ?? null, sentAt: row?.sent_at ?? null },
        ...{ head: Number(newest?.position ?? 0), oldestAt: next?.at ?? null },
      }
    },
  }
}

export type AuditStreamStore = ReturnType<typeof createAuditStreamStore>
