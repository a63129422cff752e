import type { AdvisoryLock } from '../database/advisory-locks.ts'

/** Values of a row's primary key by column, as text. */
export type RowKey = Readonly<Record<string, string>>

/** A blind index that is computed anew from an encrypted insurance number: SQL of the ciphertext, and the row that it is bound to. */
type BlindIndex = { purpose: string; number: { sql: string; table: string; id: string } }

/**
 * A value that is not rewritten and ends by itself; `neededWhile`: SQL that holds while it can still be asked for. Most are keyed
 * hashes whose plain value nobody has; `encryptedBytes`: a ciphertext of `encryptBytes`.
 */
type PassingValue = { neededWhile: string; encryptedBytes?: true }

/** What of a table is written with keys of the rings, and how its rows are found. */
export type ProtectedTable = {
  table: string
  /** Primary key: column to PostgreSQL type, in the order of its index. */
  key: Readonly<Record<string, string>>
  /** Rows per statement; few where a row is large. */
  pageSize: number
  /** Encrypted columns; each ciphertext is bound to its table, column and row (`placeOf`). */
  sealed: readonly string[]
  /** Keyed hashes that are rewritten. */
  hashed?: Readonly<Record<string, BlindIndex>>
  /** Values that end by themselves: their key stays until then. */
  passing?: Readonly<Record<string, PassingValue>>
  /** Advisory lock held by whoever adds rows by their blind index, so that none is added twice while it changes. */
  lock?: AdvisoryLock
}

const insuranceNumber = (table: string, id: string, sql = 't.insurance_number'): BlindIndex => ({
  purpose: 'insurance_number',
  number: { sql, table, id },
})

/**
 * Every column that is written with a key of ENCRYPTION_KEYS or HASH_KEYS. The rewriting of rows, the counts of keys in use
 * and the removal of a key go by this list: a column that is missing here becomes unreadable one day, so
 * `test/stores/keys/protected-tables.test.ts` holds it against the schema and against a database in use.
 */
export const protectedTables: readonly ProtectedTable[] = [
  {
    table: 'accounts',
    key: { id: 'uuid' },
    pageSize: 200,
    sealed: ['insurance_number', 'email', 'mobile'],
    hashed: { insurance_number_hash: insuranceNumber('accounts', 't.id') },
  },
  {
    table: 'insured_persons',
    key: { id: 'uuid' },
    pageSize: 200,
    lock: 'register',
    sealed: ['insurance_number', 'given_name', 'family_name', 'birth_date', 'address'],
    hashed: { insurance_number_hash: insuranceNumber('insured_persons', 't.id') },
    // Without its key a person is compared in full once more, and gets a new one.
    passing: { record_fingerprint: { neededWhile: 'false' } },
  },
  {
    // Emptied at the end of an import, and soon after the death of one. Lists of fingerprints have the keys of the rows beside them.
    table: 'member_import_rows',
    key: { line: 'integer', slot: 'smallint' },
    pageSize: 1000,
    sealed: [],
    passing: {
      insurance_number_hash: {
        neededWhile: 'exists (select from member_import_leases l where l.busy_until > :now)',
      },
    },
  },
  {
    table: 'unlock_letters',
    key: { id: 'uuid' },
    pageSize: 200,
    sealed: ['code'],
    hashed: {
      insurance_number_hash: insuranceNumber(
        'accounts',
        't.account_id',
        '(select a.insurance_number from accounts a where a.id = t.account_id)',
      ),
    },
    passing: {
      // The letter of a deleted registration counts for the limits of its number until it is forgotten.
      insurance_number_hash: { neededWhile: 't.account_id is null' },
      code_hash: { neededWhile: "t.state = 'prepared' or (t.state = 'posted' and t.last_day >= :today)" },
      // Mail comes back within weeks; later the address of the register is taken for the one on the envelope.
      address_hash: { neededWhile: "t.printed_at > cast(:now as timestamptz) - interval '90 days'" },
    },
  },
  {
    table: 'returned_letters',
    key: { letter_id: 'uuid' },
    pageSize: 200,
    sealed: ['insurance_number'],
    hashed: { insurance_number_hash: insuranceNumber('returned_letters', 't.letter_id') },
    // Written anew every night by the job `returned-mail`, which alone knows the address.
    passing: { address_hash: { neededWhile: 't.cleared_at is null' } },
  },
  {
    table: 'canary_letters',
    key: { id: 'uuid' },
    pageSize: 200,
    sealed: ['code'],
    passing: { code_hash: { neededWhile: 't.entered_at is null' } },
  },
  { table: 'print_runs', key: { id: 'uuid' }, pageSize: 1, sealed: ['pdf'] },
  {
    // Gone with the post or the end of the run, within days.
    table: 'print_run_chunks',
    key: { run_id: 'uuid', worker: 'uuid', name: 'text', index: 'integer' },
    pageSize: 1,
    sealed: [],
    passing: { sealed: { neededWhile: 'true', encryptedBytes: true } },
  },
  {
    table: 'messages',
    key: { id: 'uuid' },
    pageSize: 200,
    sealed: ['payload'],
    passing: {
      supersede_key: { neededWhile: 't.delivered_at is null and t.failed_at is null' },
      // A bounce may come for as long as the message is remembered.
      recipient_hash: { neededWhile: 'true' },
    },
  },
  {
    table: 'journeys',
    key: { id: 'text' },
    pageSize: 200,
    sealed: ['state'],
  },
  {
    table: 'one_time_codes',
    key: { id: 'uuid' },
    pageSize: 200,
    sealed: [],
    passing: {
      subject: { neededWhile: 't.expires_at > :now and t.consumed_at is null' },
      code_hash: { neededWhile: 't.expires_at > :now and t.consumed_at is null' },
    },
  },
  {
    table: 'sms_receipts',
    key: { id: 'bigint' },
    pageSize: 1000,
    sealed: [],
    // Networks try for three days at most; a receipt after a week is not waited for.
    passing: {
      gateway_message_hash: {
        neededWhile:
          "t.state = 'accepted' and t.gateway_message_hash is not null and t.sent_at + interval '7 days' > :now",
      },
    },
  },
  {
    table: 'oidc_artefacts',
    key: { model: 'text', id_hash: 'text' },
    pageSize: 200,
    sealed: ['payload'],
  },
  // Kept for a day.
  { table: 'api_requests', key: { client_id: 'text', key: 'text' }, pageSize: 200, sealed: ['answer'] },
  { table: 'clients', key: { client_id: 'text' }, pageSize: 200, sealed: ['contacts'] },
  { table: 'staff', key: { id: 'uuid' }, pageSize: 200, sealed: ['email', 'totp_secret'] },
  { table: 'staff_passkeys', key: { id: 'uuid' }, pageSize: 200, sealed: ['name'] },
  {
    table: 'signing_keys',
    key: { kid: 'text' },
    pageSize: 20,
    sealed: ['private_jwk'],
  },
  {
    table: 'derivation_secrets',
    key: { name: 'text' },
    pageSize: 20,
    sealed: ['secret'],
  },
  {
    // Digests and links are never rewritten: the chain proves that nobody did. Their key verifies them to the end.
    table: 'audit_events',
    key: { id: 'bigint' },
    pageSize: 1000,
    sealed: [],
    passing: {
      body_hash: { neededWhile: 'true' },
      digest: { neededWhile: 'true' },
      chain: { neededWhile: 'true' },
    },
  },
  {
    table: 'audit_heads',
    key: { name: 'text' },
    pageSize: 1,
    sealed: [],
    passing: { chain: { neededWhile: 'true' }, mac: { neededWhile: 'true' } },
  },
]

const keysOf = new Map(protectedTables.map(({ table, key }) => [table, Object.keys(key)]))

/**
 * Names the place of a value, `table.column:primary key`, to which its ciphertext is bound; `row` has the key by its columns.
 * @throws TypeError when the key is not whole: a value must never be bound to no row
 */
export function placeOf(table: string, column: string, row: object): string {
  const key = keysOf.get(table)?.map((name) => (row as Record<string, unknown>)[name])
  if (!key || key.some((part) => part === undefined || part === null))
    throw new TypeError(`${table}.${column} needs the primary key of its row`)
  return `${table}.${column}:${key.join(':')}`
}

/** Names the place of the insurance number that a blind index is computed from; `id`: of the row that holds it. */
export const ownerPlace = (table: string, id: string | null | undefined): string => `${table}.insurance_number:${id}`
