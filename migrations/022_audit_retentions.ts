import type { Knex } from 'knex'

/** How far the bodies of each class of audit events have been emptied. Added only: the version before empties nothing. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('audit_retentions', (table) => {
    table.text('class').primary()
    table.bigInteger('emptied_until').notNullable().comment('id of the last audit event that was looked at')
  })
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('audit_retentions')
}
