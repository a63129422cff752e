import type { Knex } from 'knex'

/** What was last taken from a file of applications, so that a start with the same file reads its digest only. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('client_files', (table) => {
    table.text('name').primary()
    table.text('digest').notNullable().comment('of the text, and of the hashes of the secrets and keys that it names')
    table.jsonb('rests_on').notNullable().comment('the variables and files that it names')
    table.text('default_client').comment('where a sign-in leads that nobody asked for')
    table.timestamp('applied_at').notNullable()
  })
  await knex.schema.createTable('client_resources', (table) => {
    table.text('name').primary()
    table.specificType('scopes', 'text[]').notNullable().comment('what services may be given')
    table.text('managed_by').comment('as of clients')
  })
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('client_resources')
  await knex.schema.dropTable('client_files')
}
