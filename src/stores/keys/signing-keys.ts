import type { Protection } from '../../crypto/protection.ts'
import { holdLock } from '../database/advisory-locks.ts'
import type { Database } from '../database/database.ts'
import { placeOf } from './protected-tables.ts'

/** `next` is published before it is used, `current` signs, `retired` only verifies until its tokens are dead. */
export type SigningKeyState = 'next' | 'current' | 'retired'

/** A key for signing: RFC 7517 with private members and `kid`, `alg`, `use`. */
export type PrivateJwk = { kid: string; alg: string; kty: string; use: 'sig'; [member: string]: unknown }

export type SigningKey = { kid: string; alg: string; state: SigningKeyState; privateJwk: PrivateJwk; createdAt: Date }

/** What is known of a key without opening it. */
export type SigningKeySummary = {
  kid: string
  alg: string
  state: SigningKeyState
  createdAt: Date
  stateChangedAt: Date
}

export type SigningKeyStore = ReturnType<typeof createSigningKeyStore>

const place = (key: { kid: string }) => placeOf('signing_keys', 'private_jwk', key)

const order = "array_position(array['current', 'next', 'retired'], state), alg, created_at desc"

/** Creates the store of signing keys and of secrets that must never change (subject identifiers derive from them). */
export function createSigningKeyStore(db: Database, { encryption }: Pick<Protection, 'encryption'>) {
  return {
    /** Every key: current ones first, then next, then retired, newest first within each. */
    async list(): Promise<SigningKey[]> {
      const rows = await db('signing_keys').orderByRaw(order)
      return rows.map((row) => ({
        kid: row.kid,
        alg: row.alg,
        state: row.state,
        privateJwk: JSON.parse(encryption.decrypt(row.private_jwk, place(row))),
        createdAt: row.created_at,
      }))
    },
    /** Adds a key; false when another process already has one of this algorithm in this state (one INSERT decides). */
    async add(privateJwk: PrivateJwk, state: SigningKeyState, now: Date): Promise<boolean> {
      const inserted = await db('signing_keys')
        .insert({
          kid: privateJwk.kid,
          alg: privateJwk.alg,
          private_jwk: encryption.encrypt(JSON.stringify(privateJwk), place(privateJwk)),
          state,
          created_at: now,
          state_changed_at: now,
        })
        .onConflict()
        .ignore()
        .returning('kid')
      return inserted.length === 1
    },
    /** Every key in the order of `list`, without its private part: cheap enough to be asked by every process all the time. */
    async summaries(): Promise<SigningKeySummary[]> {
      const rows = await db('signing_keys')
        .select('kid', 'alg', 'state', 'created_at', 'state_changed_at')
        .orderByRaw(order)
      return rows.map((row) => ({
        kid: row.kid,
        alg: row.alg,
        state: row.state,
        createdAt: row.created_at,
        stateChangedAt: row.state_changed_at,
      }))
    },
    /** Lets nobody else move keys until the transaction ends. */
    lock: () => holdLock(db, 'signingKeys'),
    /** Lets the next key of an algorithm sign; the one that signed only verifies from now on. Under `lock`. */
    async promote({ kid, alg }: Pick<SigningKeySummary, 'kid' | 'alg'>, now: Date): Promise<boolean> {
      await db('signing_keys').where({ alg, state: 'current' }).update({ state: 'retired', state_changed_at: now })
      const change = { state: 'current', state_changed_at: now }
      return (await db('signing_keys').where({ kid, state: 'next' }).update(change)) === 1
    },
    remove: async (kid: string) => (await db('signing_keys').where({ kid }).delete()) === 1,
    /** The secret of this name; the first process to ask decides it, `proposal` in base64url. */
    async derivationSecret(name: string, proposal: string, now: Date): Promise<string> {
      const secretContext = placeOf('derivation_secrets', 'secret', { name })
      const found = await db('derivation_secrets').where({ name }).first()
      if (found) return encryption.decrypt(found.secret, secretContext)
      await db('derivation_secrets')
        .insert({ name, secret: encryption.encrypt(proposal, secretContext), created_at: now })
        .onConflict('name')
        .ignore()
      const row = await db('derivation_secrets').where({ name }).first()
      return encryption.decrypt(row.secret, secretContext)
    },
  }
}
