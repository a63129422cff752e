import type { Knex } from 'knex'

/**
 * An index of the argon2id parameters of the passwords, so that a start finds the few that there are without reading every account. The
 * table may be large and in use: the index is built concurrently, which no transaction may hold.
 */
export const config = { transaction: false }

export async function up(knex: Knex): Promise<void> {
  const how = (await isLarge(knex, 'accounts')) ? 'concurrently' : ''
  // An attempt that was cut off leaves an invalid index of this name.
  await knex.raw(`drop index ${how} if exists accounts_password_generation`)
  await knex.raw(`create index ${how} accounts_password_generation on accounts (split_part(password_hash, '$', 4))`)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index if exists accounts_password_generation')
}

/** More than 64 MB: a small table is locked for a moment only. */
async function isLarge(knex: Knex, table: string): Promise<boolean> {
  const { rows } = await knex.raw('select pg_relation_size(?::regclass) > 64 * 1024 * 1024 as large', [table])
  return rows[0].large
}
