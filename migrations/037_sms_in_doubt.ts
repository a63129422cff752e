import type { Knex } from 'knex'

/** How often an SMS went out, and receipts that came before the answer to their submission. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('messages', (table) => {
    table.smallint('hand_overs').notNullable().defaultTo(0).comment('copies of an SMS that may have gone out')
  })
  await knex.schema.createTable('sms_early_receipts', (table) => {
    table.bigIncrements('id')
    table.text('gateway').notNullable()
    table
      .specificType('message_hashes', 'text[]')
      .notNullable()
      .comment('keyed hashes of the ids that it may mean; without their key it is forgotten after its day')
    table.text('state').notNullable()
    table.text('failure').comment('code of the gateway, never its text')
    table.timestamp('received_at').notNullable()
    table.index(['received_at'], 'sms_early_receipts_received')
  })
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('sms_early_receipts')
  await knex.schema.alterTable('messages', (table) => table.dropColumn('hand_overs'))
}
