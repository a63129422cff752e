import type { Knex } from 'knex'

/** Accounts from registration to deletion, and the links that activate them. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(schema)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table activation_links, accounts')
}

const schema = `
create table accounts (
  id uuid primary key,
  username text not null constraint accounts_username_unique unique,
  password_hash text not null,
  state text not null,
  state_before_suspension text,
  suspension_reason text,
  insurance_number_hash text not null,
  insurance_number text not null,
  insurer_number text not null,
  identification text not null,
  email text not null,
  mobile text not null,
  language text not null,
  terms_version text not null,
  registered_at timestamptz not null,
  activation_last_day date not null,
  activation_reminders integer not null default 0,
  activated_at timestamptz,
  code_last_day date,
  active_since timestamptz,
  security_question text,
  security_answer_hash text,
  last_sign_in_at timestamptz,
  state_changed_at timestamptz not null,
  email_bounced_at timestamptz,
  email_bounce text,
  email_bounce_told_at timestamptz,
  last_auth_time bigint,
  sign_ins_from bigint,
  constraint accounts_email_bounce check (email_bounce in ('no_mailbox', 'no_domain', 'mailbox_full', 'refused', 'temporary')),
  constraint accounts_state check (state in ('pending_activation', 'awaiting_letter', 'letter_posted', 'active', 'suspended', 'ended'))
);
comment on column accounts.insurance_number is 'encrypted';
comment on column accounts.email is 'encrypted';
comment on column accounts.mobile is 'encrypted';
comment on column accounts.code_last_day is 'end of the last posted unlock code';
comment on column accounts.email_bounced_at is 'e-mail to the present address came back';
comment on column accounts.email_bounce is 'class of the reason, never a text of a mail server';
comment on column accounts.email_bounce_told_at is 'the member has seen it';
comment on column accounts.last_auth_time is 'auth_time of the last sign-in, in seconds since the epoch';
comment on column accounts.sign_ins_from is 'sign-ins with an earlier auth_time have ended for good';
create index accounts_email_bounced on accounts (email_bounced_at) where email_bounced_at is not null;
create index accounts_insurance_number_hash_index on accounts (insurance_number_hash);
create index accounts_never_signed_in on accounts (code_last_day) where active_since is null and state in ('letter_posted', 'suspended');
create unique index accounts_one_active on accounts (insurance_number_hash) where active_since is not null and state <> 'ended';
comment on index accounts_one_active is 'one active account per insurance number: the last step of a sign-in relies on it';
create index accounts_over on accounts (state_changed_at) where state = 'ended';
create index accounts_password_generation on accounts (split_part(password_hash, '$', 4));
create index accounts_state_activation_last_day_index on accounts (state, activation_last_day);
create index accounts_state_code_last_day_index on accounts (state, code_last_day);
create index accounts_suspended on accounts (id) where state = 'suspended';
create index accounts_to_remind on accounts (activation_reminders, registered_at) where state = 'pending_activation';

create table activation_links (
  token_hash text primary key,
  account_id uuid constraint activation_links_account_id_foreign references accounts on delete set null,
  last_day date not null,
  used_at timestamptz
);
create index activation_links_account_id_index on activation_links (account_id);
create index activation_links_last_day on activation_links (last_day);
`
