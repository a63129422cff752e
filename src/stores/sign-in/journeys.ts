import type { Protection } from '../../crypto/protection.ts'
import { cleanUpBatch, deleteSome } from '../database/clean-up.ts'
import { type Database, onceOnly } from '../database/database.ts'
import { writerOf } from '../database/writes.ts'
import { placeOf } from '../keys/protected-tables.ts'

/** A journey under way as it is stored. `state` is the journey's own tagged union, checked by its schema on read. */
export type StoredJourney = {
  id: string
  version: number
  state: unknown
  /** The application that asked; remembered beyond the end. */
  clientId: string | null
  expiresAt: Date
  endedAt: Date | null
}

export type NewJourney = { id: string; kind: string; state: unknown; clientId?: string | null; expiresAt: Date }

const columns = ['version', 'state', 'client_id', 'expires_at', 'ended_at'] as const
type JourneyRow = {
  version: number
  state: string | null
  client_id: string | null
  expires_at: Date
  ended_at: Date | null
}

/** Creates the store of journeys under way. Saving is conditional on the version read, so a double click moves once. */
export function createJourneyStore(db: Database, { encryption }: Protection) {
  const journeys = () => db('journeys')
  const write = writerOf(db)
  const seal = (id: string, state: unknown) =>
    encryption.encrypt(JSON.stringify(state), placeOf('journeys', 'state', { id }))
  const read = (id: string, row: JourneyRow | undefined): StoredJourney | null =>
    row
      ? {
          id,
          version: row.version,
          state: row.state ? JSON.parse(encryption.decrypt(row.state, placeOf('journeys', 'state', { id }))) : null,
          clientId: row.client_id,
          expiresAt: row.expires_at,
          endedAt: row.ended_at,
        }
      : null
  const beginning = ({ id, kind, state, clientId = null, expiresAt }: NewJourney) =>
    journeys()
      .insert({ id, kind, state: seal(id, state), client_id: clientId, expires_at: expiresAt })
      .onConflict('id')
      .ignore()
  return {
    async load(id: string, kind: string): Promise<StoredJourney | null> {
      return read(id, await journeys().where({ id, kind }).first(columns))
    },
    /** Begins a journey at version 0; `false` when another request began it at once: that one is kept. */
    begin: async (journey: NewJourney): Promise<boolean> => (await beginning(journey).returning('id')).length === 1,
    /** Loads a journey, or begins it where there is none; `null` when another request is just beginning it. */
    async loadOrBegin(journey: NewJourney): Promise<StoredJourney | null> {
      const names = columns.join(', ')
      const { rows } = await db.raw(
        `with begun as (?) select ${names} from begun union all select ${names} from journeys where id = ? and kind = ?`,
        [beginning(journey).returning(columns), journey.id, journey.kind],
      )
      return read(journey.id, rows[0])
    },
    /** Saves the next state; `false` when another request has moved the journey meanwhile. */
    async save(id: string, version: number, state: unknown): Promise<boolean> {
      const next = { state: seal(id, state), version: version + 1 }
      const saved = await write(journeys().where({ id, version, ended_at: null }).update(next).returning('id'))
      return saved.length === 1
    },
    /** Whether a journey still stands where it was read; waits for a save under way, and lets none begin in this transaction. */
    stands: async (id: string, version: number): Promise<boolean> =>
      (await journeys().where({ id, version, ended_at: null }).forShare().first('id')) !== undefined,
    /** Ends a journey and forgets what was entered. */
    end: (id: string, now: Date) => journeys().where({ id, ended_at: null }).update({ state: null, ended_at: now }),
    deleteExpiredBefore: (before: Date) =>
      deleteSome(db, 'journeys', (rows) => rows.where('expires_at', '<', before).orderBy('expires_at')),
    /** Blanks what was entered in journeys that ran out. */
    async blankExpired(now: Date): Promise<number> {
      const due = journeys().where('expires_at', '<', now).whereNotNull('state').orderBy('expires_at')
      const some = due.limit(cleanUpBatch).forUpdate().skipLocked().select('id')
      return await journeys().where(onceOnly(db, some)).update({ state: null })
    },
  }
}
