import type { Knex } from 'knex'

/** Accounts from registration to deletion, their activation links and known devices. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('accounts', (table) => {
    table.uuid('id').primary()
    table.text('username').notNullable().unique()
    table.text('password_hash').notNullable()
    table.text('state').notNullable()
    table.text('state_before_suspension')
    table.text('suspension_reason')
    table.text('insurance_number_hash').notNullable().index()
    table.text('insurance_number').notNullable().comment('encrypted')
    table.text('insurer_number').notNullable()
    table.text('identification').notNullable()
    table.text('email').notNullable().comment('encrypted')
    table.text('mobile').notNullable().comment('encrypted')
    table.text('language').notNullable()
    table.text('terms_version').notNullable()
    table.timestamp('registered_at').notNullable()
    table.date('activation_last_day').notNullable()
    table.integer('activation_reminders').notNullable().defaultTo(0)
    table.timestamp('activated_at')
    table.date('code_last_day').comment('end of the last posted unlock code')
    table.timestamp('active_since')
    table.text('security_question')
    table.text('security_answer_hash')
    table.timestamp('last_sign_in_at')
    table.timestamp('state_changed_at').notNullable()
    table.check(
      "state in ('pending_activation', 'awaiting_letter', 'letter_posted', 'active', 'suspended', 'ended')",
      [],
      'accounts_state',
    )
    table.index(['state', 'activation_last_day'])
    table.index(['state', 'code_last_day'])
  })
  // One active account per insurance number; the sign-in's last step relies on it.
  await knex.raw(
    "create unique index accounts_one_active on accounts (insurance_number_hash) where active_since is not null and state <> 'ended'",
  )
  await knex.schema.createTable('activation_links', (table) => {
    table.text('token_hash').primary()
    table.uuid('account_id').index().references('accounts.id').onDelete('SET NULL')
    table.date('last_day').notNullable()
    table.timestamp('used_at')
  })
  await knex.schema.createTable('known_devices', (table) => {
    table.uuid('account_id').notNullable().references('accounts.id').onDelete('CASCADE')
    table.text('device_hash').notNullable()
    table.timestamp('known_since').notNullable()
    table.primary(['account_id', 'device_hash'])
  })
  await knex.schema.createTable('device_links', (table) => {
    table.text('token_hash').primary()
    table.uuid('account_id').notNullable().index().references('accounts.id').onDelete('CASCADE')
    table.timestamp('expires_at').notNullable()
    table.timestamp('used_at')
  })
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ['device_links', 'known_devices', 'activation_links', 'accounts'])
    await knex.schema.dropTable(table)
}
