import type { Knex } from 'knex'

/**
 * When a browser was last known at a sign-in and a consent last relied on, so that both end when nobody uses them. What is there
 * already counts as used now; the version before writes neither column.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('known_devices', (table) => {
    table.timestamp('last_used_at').notNullable().defaultTo(knex.fn.now()).comment('to the day')
  })
  await knex.schema.alterTable('consents', (table) => {
    table.timestamp('last_used_at').notNullable().defaultTo(knex.fn.now()).comment('to the day').index()
  })
}

export async function down(knex: Knex): Promise<void> {
  for (const name of ['known_devices', 'consents'])
    await knex.schema.alterTable(name, (table) => {
      table.dropColumn('last_used_at')
    })
}
