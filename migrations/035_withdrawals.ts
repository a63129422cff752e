import type { Knex } from 'knex'

/**
 * What could not be told to the print shop is a state of the run. Added only: the version before tries again without these
 * columns, and a run that it withdraws loses its fault with the next try of a newer one.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('print_runs', (table) => {
    table.text('withdrawal_fault').comment('why the last try to withdraw failed; null: none has')
    table.integer('withdraw_attempts').notNullable().defaultTo(0)
    table.timestamp('withdraw_after').comment('next try to withdraw')
  })
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('print_runs', (table) => {
    table.dropColumns('withdrawal_fault', 'withdraw_attempts', 'withdraw_after')
  })
}
