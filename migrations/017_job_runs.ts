import type { Knex } from 'knex'

/** The last run of each job, with the lease that keeps it single in the cluster, and the counts of each day. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('job_runs', (table) => {
    table.text('name').primary()
    table.uuid('lease').comment('the run under way; empty when none is')
    table.timestamp('lease_until').comment('by the clock of the database; a run that died loses it then')
    table.timestamp('started_at').notNullable()
    table.timestamp('finished_at').comment('of the last run that told its end')
    table.text('outcome').comment('done, failed, timed_out or interrupted')
    table.bigInteger('rows')
    table.integer('duration_ms')
    table.integer('failures').notNullable().defaultTo(0).comment('failed runs since the last success')
    table.timestamp('covered_until').comment('start of the last run that succeeded: all that was due then is done')
  })
  await knex.schema.createTable('daily_statistics', (table) => {
    table.date('day').notNullable().comment('day of Europe/Berlin')
    table.text('measure').notNullable()
    table.bigInteger('count').notNullable()
    table.primary(['day', 'measure'])
  })
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ['daily_statistics', 'job_runs']) await knex.schema.dropTable(table)
}
