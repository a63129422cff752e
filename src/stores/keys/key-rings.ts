import { holdLock } from '../database/advisory-locks.ts'
import type { Database } from '../database/database.ts'

/** The rings by the setting that holds them. */
export type RingName = 'cookie' | 'encryption' | 'hash'

/** A ring as a process holds it, in its order: the first key writes. `fingerprint` is one-way. */
export type HeldRings = Readonly<Record<RingName, readonly { kid: string; fingerprint: string }[]>>

/** A process at work. `process` is for people: host and process id. */
export type KeyHolder = {
  id: string
  process: string
  rings: Readonly<Record<RingName, readonly string[]>>
  signingKids: readonly string[]
  startedAt: Date
}

export type KnownKey = {
  ring: RingName
  kid: string
  firstSeenAt: Date
  /** Null: it has only been read with so far. */
  writingSince: Date | null
  /** Set when nothing needs it any more. */
  retiredAt: Date | null
}

/** Why a process may not start with its rings; `processes` lack the key that it would write with. */
export type RingRefusal =
  | { reason: 'missing'; ring: RingName; kid: string }
  | { reason: 'differs'; ring: RingName; kid: string }
  | { reason: 'not_everywhere'; ring: RingName; kid: string; processes: string[] }

/** A process that has not been seen for so long does not count any more. */
const alive = "seen_at > now() - interval '2 minutes'"
const forgotten = "seen_at < now() - interval '1 day'"

/** Rows of these rings are lost when a key goes too early; a cookie is only signed out. */
const lasting: readonly RingName[] = ['encryption', 'hash']

/** Creates the store of known keys and of the processes that hold them; times are the database's own. */
export function createKeyRingStore(db: Database) {
  const known = () => db('key_ring_keys')
  const holders = () => db('key_holders')
  return {
    /**
     * Compares a process's rings with what is in use and, when nothing stands against it, records the process and its
     * keys. One at a time: of two that start at once the second sees the first.
     */
    announce: (holder: Omit<KeyHolder, 'rings' | 'startedAt'>, rings: HeldRings): Promise<RingRefusal | null> =>
      db.transaction(async (trx) => {
        await holdLock(trx, 'keyRings')
        const refusal = await findRefusal(trx, holder.id, rings)
        if (refusal) return refusal
        await recordKeys(trx, rings)
        await recordHolder(trx, holder, rings)
        // Rows may be written with another key from now on: what was rewritten to an earlier one counts for nothing.
        const target = `${rings.encryption[0]?.kid}/${rings.hash[0]?.kid}`
        await trx('key_rewrites').whereNot({ target }).delete()
        return null
      }),
    /** Why a process with these rings would be refused; writes nothing. */
    check: (id: string, rings: HeldRings): Promise<RingRefusal | null> => findRefusal(db, id, rings),
    /** Notes that the process is alive and what it publishes; `false` when it has been forgotten and must announce itself. */
    async beat(id: string, signingKids: readonly string[]): Promise<boolean> {
      const change = { seen_at: db.fn.now(), signing_kids: signingKids }
      return (await holders().where({ id }).whereRaw(alive).update(change)) === 1
    },
    leave: (id: string) => holders().where({ id }).delete(),
    /** Processes at work, by name. */
    async living(): Promise<KeyHolder[]> {
      return (await holders().whereRaw(alive).orderBy('process')).map((row) => ({
        id: row.id,
        process: row.process,
        rings: row.rings,
        signingKids: row.signing_kids,
        startedAt: row.started_at,
      }))
    },
    async known(): Promise<KnownKey[]> {
      return (await known().orderBy(['ring', 'first_seen_at', 'kid'])).map((row) => ({
        ring: row.ring,
        kid: row.kid,
        firstSeenAt: row.first_seen_at,
        writingSince: row.writing_since,
        retiredAt: row.retired_at,
      }))
    },
    /** Nothing needs the key any more: processes may start without it. */
    retire: async (ring: RingName, kid: string): Promise<boolean> =>
      (await known().where({ ring, kid, retired_at: null }).update({ retired_at: db.fn.now() })) === 1,
    /** Lets no other command and no starting process compare rings until the transaction ends. */
    lock: () => holdLock(db, 'keyRings'),
  }
}

const names = (rings: HeldRings) => Object.entries(rings) as [RingName, HeldRings[RingName]][]

async function findRefusal(trx: Database, id: string, rings: HeldRings): Promise<RingRefusal | null> {
  const known = await trx('key_ring_keys').select('ring', 'kid', 'fingerprint', 'writing_since', 'retired_at')
  const others = await trx('key_holders').whereRaw(alive).whereNot({ id }).orderBy('process')
  for (const [ring, keys] of names(rings)) {
    for (const row of known.filter((each) => each.ring === ring)) {
      const mine = keys.find(({ kid }) => kid === row.kid)
      if (mine && mine.fingerprint !== row.fingerprint) return { reason: 'differs', ring, kid: row.kid }
      if (!mine && lasting.includes(ring) && row.writing_since && !row.retired_at)
        return { reason: 'missing', ring, kid: row.kid }
    }
    const writer = keys[0]?.kid ?? ''
    const without = others.filter((other) => !other.rings[ring]?.includes(writer))
    if (without.length > 0) {
      const processes = without.map((other) => other.process)
      return { reason: 'not_everywhere', ring, kid: writer, processes }
    }
  }
  return null
}

async function recordKeys(trx: Database, rings: HeldRings): Promise<void> {
  for (const [ring, keys] of names(rings)) {
    // A ring that nobody has recorded yet: any of its keys may have written what is there.
    const first = !(await trx('key_ring_keys').where({ ring }).first('kid'))
    for (const [index, { kid, fingerprint }] of keys.entries()) {
      const writes = first || index === 0
      const row = { ring, kid, fingerprint, first_seen_at: trx.fn.now(), writing_since: writes ? trx.fn.now() : null }
      await trx('key_ring_keys').insert(row).onConflict(['ring', 'kid']).ignore()
      if (index === 0)
        await trx('key_ring_keys')
          .where({ ring, kid })
          .where((stale) => stale.whereNull('writing_since').orWhereNotNull('retired_at'))
          .update({ writing_since: trx.fn.now(), retired_at: null })
    }
  }
}

async function recordHolder(trx: Database, holder: Omit<KeyHolder, 'rings' | 'startedAt'>, rings: HeldRings) {
  await trx('key_holders').whereRaw(forgotten).delete()
  const kids = Object.fromEntries(names(rings).map(([ring, keys]) => [ring, keys.map(({ kid }) => kid)]))
  await trx('key_holders')
    .insert({
      id: holder.id,
      process: holder.process,
      rings: JSON.stringify(kids),
      signing_kids: holder.signingKids,
      started_at: trx.fn.now(),
      seen_at: trx.fn.now(),
    })
    .onConflict('id')
    .merge(['rings', 'signing_kids', 'seen_at'])
}
