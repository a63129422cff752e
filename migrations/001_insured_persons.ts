import type { Knex } from 'knex'

/** The membership register, filled by import only (mission.md, "Membership register"). */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('insured_persons', (table) => {
    table.uuid('id').primary()
    table.text('insurance_number_hash').notNullable().unique()
    table.text('insurance_number').notNullable().comment('encrypted')
    table.text('insurer_number').notNullable()
    table.text('given_name').notNullable().comment('encrypted')
    table.text('family_name').notNullable().comment('encrypted')
    table.text('birth_date').notNullable().comment('encrypted')
    table.text('address').notNullable().comment('encrypted JSON')
    table.date('coverage_from').notNullable()
    table.date('coverage_to')
    table.boolean('guardian_consent_required').notNullable().defaultTo(false)
    table.date('deceased_on')
    table.boolean('large_print').notNullable().defaultTo(false)
    table.timestamp('created_at').notNullable()
    table.timestamp('updated_at').notNullable()
  })
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('insured_persons')
}
