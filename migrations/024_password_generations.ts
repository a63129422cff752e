import type { Knex } from 'knex'

/**
 * An index of the argon2id parameters of the passwords, so that a start finds the few that there are without reading every account. The
 * table may be large and in use: the index is built concurrently, which no transaction may hold.
 */
export const config = { transaction: false }

export async function up(knex: Knex): Promise<void> {
  // An attempt that was cut off leaves an invalid index of this name.
  await knex.raw('drop index concurrently if exists accounts_password_generation')
  await knex.raw(
    `create index concurrently accounts_password_generation on accounts (split_part(password_hash, '$', 4))`,
  )
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index concurrently if exists accounts_password_generation')
}
