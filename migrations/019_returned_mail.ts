import type { Knex } from 'knex'

/**
 * Returned mail and canary letters. Everything is added: the version before neither reads nor writes it, and prints letters to
 * blocked addresses until it is gone.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('unlock_letters', (table) => {
    table.text('address_hash').comment('keyed hash of the address on the envelope, bound to the letter')
    table.timestamp('returned_at').comment('the letter came back; its code opens nothing any more')
  })
  await knex.schema.createTable('returned_letters', (table) => {
    // Beyond the life of letter and registration: the address is wrong whoever asks for a letter next.
    table.uuid('letter_id').primary()
    table.text('insurance_number').notNullable().comment('encrypted')
    table.text('insurance_number_hash').notNullable()
    table.text('address_hash').comment('keyed hash of the address that is blocked, bound to the letter')
    table.date('posted_on').notNullable()
    table.timestamp('returned_at').notNullable()
    table.text('returned_by').notNullable()
    table.timestamp('cleared_at').comment('the register has another address: letters go out again')
  })
  await knex.raw(
    'create index returned_letters_open on returned_letters (insurance_number_hash) where cleared_at is null',
  )
  await knex.schema.createTable('canary_letters', (table) => {
    table.uuid('id').primary()
    table.uuid('print_run_id').notNullable().unique().references('print_runs.id').onDelete('CASCADE')
    table.text('code').comment('encrypted, until posted')
    table.text('code_hash')
    table.date('posted_on')
    table.timestamp('entered_at')
    table.text('entered_by')
    table.timestamp('alerted_at')
  })
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('canary_letters')
  await knex.schema.dropTable('returned_letters')
  await knex.schema.alterTable('unlock_letters', (table) => {
    table.dropColumns('address_hash', 'returned_at')
  })
}
