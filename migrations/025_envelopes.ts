import type { Knex } from 'knex'

/**
 * Letters of one insurance number share an envelope. Added only: the version before fills letters without it, each of which is
 * an envelope of its own. A large table is in use: its index is built concurrently, which no transaction may hold.
 */
export const config = { transaction: false }

const table = 'unlock_letters'

export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table unlock_letters add column if not exists envelope_id uuid')
  await knex.raw("comment on column unlock_letters.envelope_id is 'id on the paper; null: the letter went alone'")
  const how = (await isLarge(knex)) ? 'concurrently' : ''
  // An attempt that was cut off leaves an invalid index of this name.
  await knex.raw(`drop index ${how} if exists unlock_letters_envelope`)
  await knex.raw(`create index ${how} unlock_letters_envelope on ${table} ((coalesce(envelope_id, id)))`)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table unlock_letters drop column if exists envelope_id')
}

async function isLarge(knex: Knex): Promise<boolean> {
  const { rows } = await knex.raw('select pg_relation_size(?::regclass) > 64 * 1024 * 1024 as large', [table])
  return rows[0].large
}
