import type { Knex } from 'knex'

/** Print runs and the letters in them. Every registration has letter rows, whether the number is known or not. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('print_runs', (table) => {
    table.uuid('id').primary()
    table.text('state').notNullable()
    table.date('posting_day').notNullable().comment('planned when prepared; letter, e-mail and page all name it')
    table.integer('letter_count').notNullable()
    table.text('pdf').comment('encrypted, until posted')
    table.timestamp('prepared_at').notNullable()
    table.timestamp('released_at')
    table.timestamp('handed_over_at').comment('the print shop has it; only then it can be posted')
    table.timestamp('posted_at')
    table.timestamp('cancelled_at')
    table.check("state in ('prepared', 'released', 'posted', 'cancelled')", [], 'print_runs_state')
    table.index(['state'])
  })
  await knex.schema.createTable('unlock_letters', (table) => {
    table.uuid('id').primary()
    // The limits count letters per number beyond the life of a registration.
    table.uuid('account_id').index().references('accounts.id').onDelete('SET NULL')
    table.text('insurance_number_hash').notNullable()
    table.timestamp('requested_at').notNullable()
    table.timestamp('printable_from').notNullable()
    table.timestamp('printed_at').comment('when it entered a run; the letter limits count these')
    table.text('state').notNullable()
    table.text('content').comment('unlock_code, account_exists or none; decided when the run is prepared')
    table.uuid('print_run_id').index().references('print_runs.id').onDelete('SET NULL')
    table.text('code_hash')
    table.text('code').comment('encrypted, until posted')
    table.date('posted_on')
    table.date('last_day')
    table.timestamp('reminded_at')
    table.timestamp('consumed_at')
    table.check("state in ('requested', 'prepared', 'posted', 'ended')", [], 'unlock_letters_state')
    table.index(['insurance_number_hash', 'printed_at'])
    table.index(['state', 'printable_from'])
    table.index(['state', 'last_day'])
  })
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('unlock_letters')
  await knex.schema.dropTable('print_runs')
}
