import type { Knex } from 'knex'

/**
 * A hand-over belongs to one process, as the preparing does. Added only: the version before hands over without it, and what it
 * takes is not taken from it before its lease ends.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('print_runs', (table) => {
    table.uuid('hand_over_holder').comment('who brings the run to the print shop, while busy_until lasts')
  })
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('print_runs', (table) => {
    table.dropColumn('hand_over_holder')
  })
}
