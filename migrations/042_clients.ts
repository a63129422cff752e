import type { Knex } from 'knex'

/** Applications and services are data: whoever registers one, every process reads it here. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('clients', (table) => {
    table.text('client_id').primary()
    table
      .jsonb('registration')
      .notNullable()
      .comment('all that is neither personal nor a secret, as src/domain/clients has it')
    table.text('contacts').comment('encrypted e-mail addresses, a list in JSON; null: none')
    table
      .specificType('secret_hashes', 'text[]')
      .notNullable()
      .comment('SHA-256 of secrets of 256 bits, the newest first')
    table.text('managed_by').index().comment('file that the entry stands in and that alone changes it; null: staff')
    table.timestamp('suspended_at').comment('an operator lets it in no more')
    table.timestamp('gone_at').comment('its entry has vanished from its file')
    table.timestamp('created_at').notNullable()
    table.timestamp('changed_at').notNullable()
    table.check('cardinality(secret_hashes) <= 2', [], 'clients_secrets')
  })
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('clients')
}
