import type { Knex } from 'knex'

// One statement that waits for the table's lock; the table is small, because ended counters are deleted every few minutes.
export const config = { transaction: false }

/**
 * Counters survive a crash of the server and a fail-over: an unlogged table is empty after both, and with it were the pause
 * after wrong unlock codes and the budgets of a day.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table rate_limits set logged')
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table rate_limits set unlogged')
}
