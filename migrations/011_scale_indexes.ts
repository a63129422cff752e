import type { Knex } from 'knex'

/**
 * An index for each job, chosen by the plans of docs/operate/scale.md (decision 9). Partial ones hold only the rows that
 * are still to be dealt with. A large table is in use: its index is built concurrently, which no transaction may hold.
 */
export const config = { transaction: false }

const indexes: Record<string, string> = {
  accounts_to_remind: "accounts (activation_reminders, registered_at) where state = 'pending_activation'",
  accounts_never_signed_in:
    "accounts (code_last_day) where active_since is null and state in ('letter_posted', 'suspended')",
  unlock_letters_to_remind:
    "unlock_letters (last_day) where state = 'posted' and reminded_at is null and account_id is not null",
  unlock_letters_orphaned: 'unlock_letters (printable_from) where account_id is null',
  activation_links_last_day: 'activation_links (last_day)',
  device_links_expires_at: 'device_links (expires_at)',
  journeys_to_blank: 'journeys (expires_at) where state is not null',
  one_time_codes_issued_at: 'one_time_codes (issued_at)',
  // An account's newest events without a sort; audit_events_account_id_index is left to a contraction.
  audit_events_of_account: 'audit_events (account_id, id) where account_id is not null',
}

// Their rows change or go soon: a fifth of 50 million would be far too much to leave to one clean-up of PostgreSQL.
const busyTables = ['audit_events', 'messages', 'journeys', 'one_time_codes', 'oidc_artefacts', 'unlock_letters']
const vacuum = ['autovacuum_vacuum_scale_factor', 'autovacuum_analyze_scale_factor']

export async function up(knex: Knex): Promise<void> {
  for (const [name, definition] of Object.entries(indexes)) {
    const how = (await isLarge(knex, definition.split(' ')[0] ?? '')) ? 'concurrently' : ''
    // An attempt that was cut off leaves an invalid index of this name.
    await knex.raw(`drop index ${how} if exists ${name}`)
    await knex.raw(`create index ${how} ${name} on ${definition}`)
  }
  for (const table of busyTables)
    await knex.raw(`alter table ${table} set (${vacuum.map((name) => `${name} = 0.02`).join(', ')})`)
}

export async function down(knex: Knex): Promise<void> {
  for (const table of busyTables) await knex.raw(`alter table ${table} reset (${vacuum.join(', ')})`)
  for (const name of Object.keys(indexes)) await knex.raw(`drop index if exists ${name}`)
}

/** More than 64 MB: a small table is locked for a moment only. */
async function isLarge(knex: Knex, table: string): Promise<boolean> {
  const { rows } = await knex.raw('select pg_relation_size(?::regclass) > 64 * 1024 * 1024 as large', [table])
  return rows[0].large
}
