import type { Knex } from 'knex'

/** What oidc-provider keeps (sessions, codes, tokens, grants), signing keys, derivation secrets and consents. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('oidc_artefacts', (table) => {
    table.text('model').notNullable()
    table.text('id_hash').notNullable().comment('SHA-256 of the token or session id')
    table.text('payload').notNullable().comment('encrypted JSON')
    table.text('grant_hash').comment('SHA-256 of the grant id that revocation goes by')
    table.text('uid_hash').comment('SHA-256 of the uid of a session')
    table.text('user_code_hash')
    table
      .integer('uses')
      .notNullable()
      .defaultTo(0)
      .comment('how often it was consumed; a second time only in the grace')
    table.timestamp('consumed_at').comment('first consumption')
    table.timestamp('used_at').comment('last consumption')
    table.text('successor_hash').comment('refresh token that the last rotation issued')
    table.timestamp('succeeded_at').comment('when the last use was answered')
    table.timestamp('superseded_at').comment('replaced by a retry of its predecessor')
    table.timestamp('expires_at').notNullable().index()
    table.primary(['model', 'id_hash'])
  })
  for (const column of ['grant_hash', 'uid_hash', 'user_code_hash'])
    await knex.raw('create index ?? on oidc_artefacts (??) where ?? is not null', [
      `oidc_artefacts_${column}`,
      column,
      column,
    ])
  await knex.schema.createTable('signing_keys', (table) => {
    table.text('kid').primary()
    table.text('alg').notNullable()
    table.text('private_jwk').notNullable().comment('encrypted')
    table.text('state').notNullable()
    table.timestamp('created_at').notNullable()
    table.timestamp('state_changed_at').notNullable()
    table.check("state in ('next', 'current', 'retired')", [], 'signing_keys_state')
  })
  // Several processes may start at once: one current and one next key per algorithm, whoever comes first.
  await knex.raw("create unique index signing_keys_one_per_state on signing_keys (alg, state) where state <> 'retired'")
  await knex.schema.createTable('derivation_secrets', (table) => {
    table.text('name').primary()
    table.text('secret').notNullable().comment('encrypted')
    table.timestamp('created_at').notNullable()
  })
  await knex.schema.createTable('consents', (table) => {
    table.uuid('account_id').notNullable().references('id').inTable('accounts').onDelete('CASCADE')
    table.text('client_id').notNullable()
    table.specificType('scopes', 'text[]').notNullable()
    table.timestamp('granted_at').notNullable()
    table.timestamp('changed_at').notNullable()
    table.primary(['account_id', 'client_id'])
  })
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ['consents', 'derivation_secrets', 'signing_keys', 'oidc_artefacts'])
    await knex.schema.dropTable(table)
}
