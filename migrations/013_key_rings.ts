import type { Knex } from 'knex'

/** Which keys of the rings are known and write, which processes hold them, and how far rows are rewritten under new ones. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('key_ring_keys', (table) => {
    table.text('ring').notNullable()
    table.text('kid').notNullable()
    table.text('fingerprint').notNullable().comment('one-way value by which processes see that they hold the same key')
    table.timestamp('first_seen_at').notNullable()
    table.timestamp('writing_since').comment('first start of a process that writes with it; empty: only reads so far')
    table.timestamp('retired_at').comment('nothing needs it any more: processes may start without it')
    table.primary(['ring', 'kid'])
  })
  // Processes at work, by their own beat; a process that died without a word is not counted after two minutes.
  await knex.schema.createTable('key_holders', (table) => {
    table.uuid('id').primary()
    table.text('process').notNullable().comment('host and process id, for the operator')
    table.jsonb('rings').notNullable().comment('key ids by ring in their order: the first writes')
    table.specificType('signing_kids', 'text[]').notNullable().defaultTo('{}').comment('keys of its JWKS')
    table.timestamp('started_at').notNullable()
    table.timestamp('seen_at').notNullable()
  })
  await knex.schema.createTable('key_rewrites', (table) => {
    table.text('table_name').primary()
    table.text('target').notNullable().comment('ids of the keys that write: encryption/hash')
    table.jsonb('cursor').comment('primary key of the last row that was dealt with')
    table.bigInteger('rows_total').notNullable().comment('estimated when the pass began')
    table.bigInteger('rows_seen').notNullable().defaultTo(0)
    table.bigInteger('rows_rewritten').notNullable().defaultTo(0)
    table.bigInteger('rows_unreadable').notNullable().defaultTo(0)
    table.timestamp('started_at').notNullable()
    table.timestamp('finished_at')
  })
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ['key_rewrites', 'key_holders', 'key_ring_keys']) await knex.schema.dropTable(table)
}
