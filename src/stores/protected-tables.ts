/** Values of a row's primary key by column, as text. */
export type RowKey = Readonly<Record<string, string>>

/** A blind index that is computed anew from an encrypted insurance number. */
type BlindIndex = { purpose: string; number: { sql: string; context: string } }

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
  /** Encrypted columns: the context that the ciphertext is bound to (see `FieldEncryption`). */
  sealed: Readonly<Record<string, (key: RowKey) => string>>
  /** Keyed hashes that are rewritten. */
  hashed?: Readonly<Record<string, BlindIndex>>
  /** Values that end by themselves: their key stays until then. */
  passing?: Readonly<Record<string, PassingValue>>
  /** Advisory lock held by whoever adds rows by their blind index, so that none is added twice while it changes. */
  lock?: number
}

/** Held while the register is written: "memb", any number that no other advisory lock of this database uses. */
export const registerLock = 0x6d656d62

const insuranceNumber = (sql: string, context: string): BlindIndex => ({
  purpose: 'insurance_number',
  number: { sql, context },
})

/**
 * Every column that is written with a key of ENCRYPTION_KEYS or HASH_KEYS. The rewriting of rows, the counts of keys in use
 * and the removal of a key go by this list: a column that is missing here becomes unreadable one day, so
 * `test/stores/protected-tables.test.ts` holds it against the schema and against a database in use.
 */
export const protectedTables: readonly ProtectedTable[] = [
  {
    table: 'accounts',
    key: { id: 'uuid' },
    pageSize: 200,
    sealed: {
      insurance_number: () => 'accounts.insurance_number',
      email: () => 'accounts.email',
      mobile: () => 'accounts.mobile',
    },
    hashed: { insurance_number_hash: insuranceNumber('t.insurance_number', 'accounts.insurance_number') },
  },
  {
    table: 'insured_persons',
    key: { id: 'uuid' },
    pageSize: 200,
    lock: registerLock,
    sealed: {
      insurance_number: () => 'insured_persons.insurance_number',
      given_name: () => 'insured_persons.given_name',
      family_name: () => 'insured_persons.family_name',
      birth_date: () => 'insured_persons.birth_date',
      address: () => 'insured_persons.address',
    },
    hashed: { insurance_number_hash: insuranceNumber('t.insurance_number', 'insured_persons.insurance_number') },
    // Without its key a person is compared in full once more, and gets a new one.
    passing: { record_fingerprint: { neededWhile: 'false' } },
  },
  {
    // Emptied at the end of an import, and soon after the death of one. Lists of fingerprints have the keys of the rows beside them.
    table: 'member_import_rows',
    key: { line: 'integer', slot: 'smallint' },
    pageSize: 1000,
    sealed: {},
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
    sealed: { code: () => 'unlock_letters.code' },
    hashed: {
      insurance_number_hash: insuranceNumber(
        '(select a.insurance_number from accounts a where a.id = t.account_id)',
        'accounts.insurance_number',
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
    sealed: { insurance_number: () => 'returned_letters.insurance_number' },
    hashed: { insurance_number_hash: insuranceNumber('t.insurance_number', 'returned_letters.insurance_number') },
    // Written anew every night by the job `returned-mail`, which alone knows the address.
    passing: { address_hash: { neededWhile: 't.cleared_at is null' } },
  },
  {
    table: 'canary_letters',
    key: { id: 'uuid' },
    pageSize: 200,
    sealed: { code: ({ id }) => `canary_letters.code:${id}` },
    passing: { code_hash: { neededWhile: 't.entered_at is null' } },
  },
  { table: 'print_runs', key: { id: 'uuid' }, pageSize: 1, sealed: { pdf: () => 'print_runs.pdf' } },
  {
    // Gone with the post or the end of the run, within days.
    table: 'print_run_chunks',
    key: { run_id: 'uuid', worker: 'uuid', name: 'text', index: 'integer' },
    pageSize: 1,
    sealed: {},
    passing: { sealed: { neededWhile: 'true', encryptedBytes: true } },
  },
  {
    table: 'messages',
    key: { id: 'uuid' },
    pageSize: 200,
    sealed: { payload: ({ id }) => `messages.payload:${id}` },
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
    sealed: { state: ({ id }) => `journeys.state:${id}` },
  },
  {
    table: 'one_time_codes',
    key: { id: 'uuid' },
    pageSize: 200,
    sealed: {},
    passing: {
      subject: { neededWhile: 't.expires_at > :now and t.consumed_at is null' },
      code_hash: { neededWhile: 't.expires_at > :now and t.consumed_at is null' },
    },
  },
  {
    table: 'sms_receipts',
    key: { id: 'bigint' },
    pageSize: 1000,
    sealed: {},
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
    sealed: { payload: ({ model, id_hash }) => `oidc_artefacts.payload.${model}.${id_hash}` },
  },
  {
    table: 'signing_keys',
    key: { kid: 'text' },
    pageSize: 20,
    sealed: { private_jwk: () => 'signing_keys.private_jwk' },
  },
  {
    table: 'derivation_secrets',
    key: { name: 'text' },
    pageSize: 20,
    sealed: { secret: ({ name }) => `derivation_secrets.secret.${name}` },
  },
  {
    // Digests and links are never rewritten: the chain proves that nobody did. Their key verifies them to the end.
    table: 'audit_events',
    key: { id: 'bigint' },
    pageSize: 1000,
    sealed: {},
    passing: { digest: { neededWhile: 'true' }, chain: { neededWhile: 'true' } },
  },
]

/** Columns that hold hashes without a key: SHA-256 of random tokens, which needs none (OWASP ASVS 5, 6.5), and argon2id. */
export const unkeyedHashes: readonly string[] = [
  'accounts.password_hash',
  'accounts.security_answer_hash',
  'activation_links.token_hash',
  'known_devices.device_hash',
  'device_links.token_hash',
  'oidc_artefacts.id_hash',
  'oidc_artefacts.grant_hash',
  'oidc_artefacts.uid_hash',
  'oidc_artefacts.user_code_hash',
  'oidc_artefacts.successor_hash',
]
