import type { Knex } from 'knex'

/**
 * From which sign-in on an account's sessions and tokens count: whatever ends its access moves it past the last one.
 * Added only: the version before leaves both empty, which ends nothing.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('accounts', (table) => {
    table.bigInteger('last_auth_time').comment('auth_time of the last sign-in, in seconds since the epoch')
    table.bigInteger('sign_ins_from').comment('sign-ins with an earlier auth_time have ended for good')
  })
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('accounts', (table) => {
    table.dropColumn('last_auth_time')
    table.dropColumn('sign_ins_from')
  })
}
