import type { Knex } from 'knex'

/**
 * The print desk: runs collect letters until their cut-off, name who moved them, and keep their files in encrypted chunks.
 * Everything is added: the version before neither reads nor writes the new columns, and its runs can still be moved.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('print_runs', (table) => {
    table.dropChecks('print_runs_state')
    table.setNullable('posting_day')
    table.setNullable('prepared_at')
    table.timestamp('collects_until').comment('cut-off: letters asked for later go into the next run')
    table.timestamp('closed_at').comment('the cut-off has passed and the run is being prepared')
    table.text('prepared_by').comment('actor; whoever prepared a run may not release it')
    table.text('released_by')
    table.text('posted_by')
    table.text('cancelled_by')
    table.text('cancel_reason')
    table.integer('sheet_count')
    table.jsonb('kinds').comment('letters by kind')
    table.jsonb('files').comment('name, bytes and SHA-256 of each file handed over')
    table.uuid('worker').comment('who is at work on the run; also names the chunks that it writes')
    table.timestamp('busy_until').comment('from then on another process may take the run up')
    table.timestamp('deliver_after').comment('next try of the hand-over')
    table.integer('deliver_attempts').notNullable().defaultTo(0)
    table.timestamp('accepted_at').comment('receipt of the print shop: it has the run whole')
    table.text('withdrawal').comment('why the files at the print shop have to go, until they are gone')
  })
  await knex.schema.alterTable('print_runs', (table) => {
    table.check("state in ('collecting', 'prepared', 'released', 'posted', 'cancelled')", [], 'print_runs_state')
  })
  // One run collects at a time; a closed one may still be in preparation beside it.
  await knex.raw(
    "create unique index print_runs_one_collects on print_runs (state) where state = 'collecting' and closed_at is null",
  )
  await knex.schema.createTable('print_run_chunks', (table) => {
    table.uuid('run_id').notNullable().references('print_runs.id').onDelete('CASCADE')
    table.uuid('worker').notNullable()
    table.text('name').notNullable()
    table.integer('index').notNullable()
    table.binary('sealed').notNullable().comment('encrypted, bound to run, file and index; until posted or cancelled')
    table.primary(['run_id', 'worker', 'name', 'index'])
  })
  await knex.schema.alterTable('unlock_letters', (table) => {
    table.text('purpose').notNullable().defaultTo('unlock_code').comment('what the letter was asked for')
    table.boolean('untold').notNullable().defaultTo(false).comment('posted, and the member has no e-mail yet')
  })
  await knex.raw('create index unlock_letters_untold on unlock_letters (print_run_id) where untold')
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('unlock_letters', (table) => {
    table.dropColumns('purpose', 'untold')
  })
  await knex.schema.dropTable('print_run_chunks')
  await knex('print_runs').where({ state: 'collecting' }).delete()
  await knex.raw('drop index print_runs_one_collects')
  await knex.schema.alterTable('print_runs', (table) => {
    table.dropChecks('print_runs_state')
    table.dropNullable('posting_day')
    table.dropColumns(
      ...['collects_until', 'closed_at', 'prepared_by', 'released_by', 'posted_by', 'cancelled_by', 'cancel_reason'],
      ...['sheet_count', 'kinds', 'files', 'worker', 'busy_until', 'deliver_after', 'deliver_attempts'],
      ...['accepted_at', 'withdrawal'],
    )
  })
  await knex.schema.alterTable('print_runs', (table) => {
    table.check("state in ('prepared', 'released', 'posted', 'cancelled')", [], 'print_runs_state')
  })
}
