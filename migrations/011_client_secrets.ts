import type { Knex } from 'knex'

/** Secrets of applications, each with a name and dates; why one is kept out, and which ids are not given again. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(schema)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table client_secrets;
    alter table clients drop column suspended_reason, drop column removed_at;
  `)
}

const schema = `
create table client_secrets (
  id uuid primary key default gen_random_uuid(),
  client_id text not null constraint client_secrets_client references clients on delete cascade,
  name text not null,
  hash text not null,
  managed_by text,
  created_at timestamptz not null,
  created_by text not null,
  expires_at timestamptz,
  last_used_at timestamptz,
  ended_at timestamptz,
  reminded_days int
);
comment on column client_secrets.hash is 'SHA-256 of a secret of 256 bits';
comment on column client_secrets.managed_by is 'file that brings it along; null: made here';
comment on column client_secrets.created_by is 'actor, as the audit log names him';
comment on column client_secrets.last_used_at is 'noted once an hour at most';
comment on column client_secrets.reminded_days is 'days before the end for which whoever looks after the application was last reminded';
create unique index client_secrets_in_force on client_secrets (client_id, hash) where ended_at is null;
create index client_secrets_expiry on client_secrets (expires_at) where ended_at is null;
alter table clients
  add column suspended_reason text,
  add column removed_at timestamptz;
comment on column clients.suspended_reason is 'why an operator lets it in no more';
comment on column clients.removed_at is 'two of the staff removed it; its id is not given again, as tokens and consents may name it';
create index clients_present_index on clients (client_id) where removed_at is null;
`
