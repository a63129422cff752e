import type { Knex } from 'knex'

/** One import at a time, what its file says, and by what unchanged persons are known; everything is added. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('member_import_leases', (table) => {
    table.text('name').primary().comment('always "register": one import at a time')
    table.uuid('import_id').notNullable()
    table.timestamp('started_at').notNullable()
    table.timestamp('busy_until').notNullable().comment('renewed with every batch; from then on another may begin')
  })
  // Neither in the write-ahead log nor on a standby: after a crash it is empty, which an import finds out.
  await knex.raw(`
    create unlogged table member_import_rows (
      line integer not null,
      slot smallint not null,
      insurance_number_hash text not null,
      fingerprints text[] not null,
      primary key (line, slot)
    )`)
  await knex.schema.createTable('member_import_leavers', (table) => {
    table.uuid('person_id').primary()
    table.timestamp('updated_at').notNullable().comment('of the person, when found missing')
  })
  await knex.schema.alterTable('insured_persons', (table) => {
    table.text('record_fingerprint').comment('keyed hash of the whole record')
    table.timestamp('fingerprinted_at').comment('updated_at of the record that it was made of; else it is void')
  })
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('insured_persons', (table) => {
    table.dropColumn('record_fingerprint')
    table.dropColumn('fingerprinted_at')
  })
  for (const table of ['member_import_leavers', 'member_import_rows', 'member_import_leases'])
    await knex.schema.dropTable(table)
}
