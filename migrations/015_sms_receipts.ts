import type { Knex } from 'knex'

/** What became of each SMS that a gateway took, or may have taken: for support, shares per gateway, and spending. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('sms_receipts', (table) => {
    table.bigIncrements('id')
    table.uuid('message_id').notNullable().comment('several rows of one message: it may have arrived several times')
    table.uuid('account_id').comment('whose SMS it was; no reference, because it may outlive the account')
    table.text('gateway').notNullable()
    table.text('gateway_message_hash').comment('keyed hash of the id that the gateway gave it')
    table.text('country').notNullable().comment('ISO 3166-1')
    table.text('purpose').notNullable()
    table.integer('price').notNullable().comment('hundredths of a cent')
    table.text('state').notNullable()
    table.text('failure').comment('code of the gateway, never its text')
    table.timestamp('sent_at').notNullable()
    table.timestamp('changed_at').notNullable().comment('when the state was learnt')
    table.check("state in ('unknown', 'accepted', 'delivered', 'undelivered', 'expired')", [], 'sms_receipts_state')
    table.index(['sent_at'], 'sms_receipts_sent')
  })
  await knex.raw('create index sms_receipts_account on sms_receipts (account_id, sent_at) where account_id is not null')
  await knex.raw(
    'create index sms_receipts_gateway_message on sms_receipts (gateway_message_hash) where gateway_message_hash is not null',
  )
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('sms_receipts')
}
