import type { Knex } from 'knex'

/** A letter of the development postbox may hold several codes. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('development_postbox', (table) => {
    table.jsonb('codes').comment('every code of a letter, with the registration that it is for')
  })
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('development_postbox', (table) => {
    table.dropColumn('codes')
  })
}
