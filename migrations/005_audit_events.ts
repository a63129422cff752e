import type { Knex } from 'knex'

/** The append-only audit log with its hash chain (security.md, "audit log"). */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('audit_events', (table) => {
    table.bigIncrements('id')
    table.timestamp('at').notNullable()
    table.text('type').notNullable()
    table.text('actor').notNullable().comment('member, system, cli or staff:<id>')
    table.uuid('account_id').index()
    table.jsonb('data').comment('no personal data in clear; empty after retention')
    table.text('digest').notNullable().comment('keyed hash of the body, stays after retention')
    table.bigInteger('position').unique().comment('place in the chain, given by the sealer')
    table.text('chain').comment('keyed hash of the previous chain value and this digest')
  })
  await knex.raw('create index audit_events_unsealed on audit_events (id) where position is null')
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('audit_events')
}
