import type { Knex } from 'knex'

/**
 * A message is its own job: due time, claim, order and key stand in its row (decision 14). Rows that an earlier version
 * writes beside this one are taken over ten minutes later, if nobody has sent them by then.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('create sequence messages_position')
  // Constant and stable defaults only: PostgreSQL adds these columns without rewriting the table.
  await knex.raw(`
    alter table messages
      add column key text,
      add column position bigint,
      add column order_key text,
      add column supersede_key text,
      add column account_id uuid,
      add column recipient_hash text,
      add column due_at timestamptz not null default now() + interval '10 minutes',
      add column attempts integer not null default 0,
      add column claim uuid,
      add column claimed_until timestamptz`)
  await knex.raw(`alter table messages alter column position set default nextval('messages_position')`)
  const comments = {
    key: 'names the message: a second one of the same key is not written',
    position: 'order of writing; empty in rows older than the column',
    order_key: 'messages of one key leave one after another',
    supersede_key: 'keyed hash; a newer message of the key makes older ones void',
    account_id: 'whose message it is; no reference, because it may outlive the account',
    recipient_hash: 'keyed hash of the e-mail address, by which a bounce is matched',
    due_at: 'next try, by the clock of the database',
    claim: 'of the try under way',
    claimed_until: 'whoever claimed it has died when this has passed, by the clock of the database',
  }
  for (const [column, comment] of Object.entries(comments))
    await knex.raw(`comment on column messages.${column} is '${comment}'`)
  const open = 'where delivered_at is null and failed_at is null'
  await knex.raw('create unique index messages_key on messages (key) where key is not null')
  await knex.raw(`create index messages_due on messages (kind, due_at) ${open}`)
  await knex.raw(`create index messages_order on messages (order_key, position) ${open}`)
  await knex.raw('create index messages_supersede on messages (supersede_key) where supersede_key is not null')
  await knex.raw('create index messages_recipient on messages (recipient_hash) where recipient_hash is not null')
  await knex.raw(`create index messages_expiry on messages (expires_at) ${open}`)
  await knex.schema.alterTable('accounts', (table) => {
    table.timestamp('email_bounced_at').comment('e-mail to the present address came back')
    table.text('email_bounce').comment('class of the reason, never a text of a mail server')
    table.timestamp('email_bounce_told_at').comment('the member has seen it')
    table.check(
      "email_bounce in ('no_mailbox', 'no_domain', 'mailbox_full', 'refused', 'temporary')",
      [],
      'accounts_email_bounce',
    )
  })
  await knex.raw(
    'create index accounts_email_bounced on accounts (email_bounced_at) where email_bounced_at is not null',
  )
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index accounts_email_bounced')
  await knex.schema.alterTable('accounts', (table) => {
    table.dropColumns('email_bounced_at', 'email_bounce', 'email_bounce_told_at')
  })
  await knex.schema.alterTable('messages', (table) => {
    table.dropColumns('key', 'position', 'order_key', 'supersede_key', 'account_id', 'recipient_hash')
    table.dropColumns('due_at', 'attempts', 'claim', 'claimed_until')
  })
  await knex.raw('drop sequence messages_position')
}
