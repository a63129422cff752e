import type { Knex } from 'knex'

// An index is built beside the service, which a transaction does not allow.
export const config = { transaction: false }

const indexes = {
  known_devices_unused: 'known_devices (last_used_at)',
  accounts_over: "accounts (state_changed_at) where state = 'ended'",
  accounts_suspended: "accounts (id) where state = 'suspended'",
  // least() leaves out what is null (PostgreSQL documentation, 9.18.4).
  insured_persons_over:
    'insured_persons (least(deceased_on, coverage_to), id) where deceased_on is not null or coverage_to is not null',
  messages_account: 'messages (account_id) where account_id is not null',
} as const

/** Finds what has come to its end without reading whole tables. */
export async function up(knex: Knex): Promise<void> {
  for (const [name, definition] of Object.entries(indexes)) {
    const how = (await isLarge(knex, definition.split(' ')[0] ?? '')) ? 'concurrently' : ''
    // An attempt that was cut off leaves an invalid index of this name.
    await knex.raw(`drop index ${how} if exists ${name}`)
    await knex.raw(`create index ${how} ${name} on ${definition}`)
  }
}

export async function down(knex: Knex): Promise<void> {
  for (const name of Object.keys(indexes)) await knex.raw(`drop index if exists ${name}`)
}

/** More than 64 MB: a small table is locked for a moment only. */
async function isLarge(knex: Knex, table: string): Promise<boolean> {
  const { rows } = await knex.raw('select pg_relation_size(?::regclass) > 64 * 1024 * 1024 as large', [table])
  return rows[0].large
}
