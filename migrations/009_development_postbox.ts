import type { Knex } from 'knex'

/** What the development drivers "send"; empty wherever real drivers run. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('development_postbox', (table) => {
    table.bigIncrements('position')
    table.text('id').notNullable().unique()
    table.text('kind').notNullable()
    table.text('to').notNullable()
    table.text('subject').notNullable()
    table.text('text').notNullable()
    table.text('html')
    table.binary('pdf')
    table.text('code')
    table.text('link')
    table.timestamp('created_at').notNullable()
  })
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('development_postbox')
}
