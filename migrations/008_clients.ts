import type { Knex } from 'knex'

/** The applications that sign members in (docs/decisions/0032). */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(schema)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table client_resources, client_files, clients')
}

const schema = `
create table clients (
  client_id text primary key,
  registration jsonb not null,
  contacts text,
  managed_by text,
  suspended_at timestamptz,
  gone_at timestamptz,
  created_at timestamptz not null,
  changed_at timestamptz not null
);
comment on column clients.registration is 'all that is neither personal nor a secret, as src/domain/clients has it';
comment on column clients.contacts is 'encrypted e-mail addresses, a list in JSON; null: none';
comment on column clients.managed_by is 'file that the entry stands in and that alone changes it; null: staff';
comment on column clients.suspended_at is 'an operator lets it in no more';
comment on column clients.gone_at is 'its entry has vanished from its file';
create index clients_managed_by_index on clients (managed_by);

create table client_files (
  name text primary key,
  digest text not null,
  rests_on jsonb not null,
  default_client text,
  applied_at timestamptz not null
);
comment on column client_files.digest is 'of the text, and of the hashes of the secrets and keys that it names';
comment on column client_files.rests_on is 'the variables and files that it names';
comment on column client_files.default_client is 'where a sign-in leads that nobody asked for';

create table client_resources (
  name text primary key,
  scopes text[] not null,
  managed_by text
);
comment on column client_resources.scopes is 'what services may be given';
comment on column client_resources.managed_by is 'as of clients';
`
