import type { Knex } from 'knex'

/** Journeys under way, one-time codes, counters and messages on their way out. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('journeys', (table) => {
    table.text('id').primary().comment('hash of the browser-held id, or uid of the interaction')
    table.text('kind').notNullable()
    table.text('state').comment('encrypted JSON; empty once ended')
    table.integer('version').notNullable().defaultTo(0)
    table.text('client_id')
    table.timestamp('expires_at').notNullable().index()
    table.timestamp('ended_at')
  })
  await knex.schema.createTable('one_time_codes', (table) => {
    table.uuid('id').primary()
    table.text('purpose').notNullable()
    table.text('subject').notNullable().comment('journey and account the code is bound to')
    table.text('code_hash').notNullable()
    table.text('country').notNullable()
    table.integer('tries_left').notNullable()
    table.timestamp('issued_at').notNullable()
    table.timestamp('expires_at').notNullable()
    table.timestamp('consumed_at')
    table.timestamp('voided_at')
    table.index(['subject', 'issued_at'])
    table.index(['purpose', 'country', 'issued_at'])
  })
  // Counters may be lost in a crash of the database: unlogged keeps them off the write-ahead log.
  await knex.raw('create unlogged table rate_limits (key text primary key, points integer not null, expire bigint)')
  await knex.raw('create index rate_limits_expire on rate_limits (expire)')
  await knex.schema.createTable('messages', (table) => {
    table.uuid('id').primary()
    table.text('kind').notNullable()
    table.text('payload').comment('encrypted; blanked once delivered or expired')
    table.timestamp('created_at').notNullable()
    table.timestamp('expires_at')
    table.timestamp('delivered_at')
    table.timestamp('failed_at')
    table.text('failure')
    table.index(['created_at'])
  })
  await knex.schema.createTable('settings', (table) => {
    table.text('name').primary()
    table.text('value').notNullable()
  })
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ['settings', 'messages', 'rate_limits', 'one_time_codes', 'journeys'])
    await knex.schema.dropTable(table)
}
