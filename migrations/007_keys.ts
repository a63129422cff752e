import type { Knex } from 'knex'

/** Which keys processes hold, how far values have been written anew, and the keys that sign. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(schema)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table derivation_secrets, signing_keys, key_rewrites, key_holders, key_ring_keys')
}

const schema = `
create table key_ring_keys (
  ring text not null,
  kid text not null,
  fingerprint text not null,
  first_seen_at timestamptz not null,
  writing_since timestamptz,
  retired_at timestamptz,
  primary key (ring, kid)
);
comment on column key_ring_keys.fingerprint is 'one-way value by which processes see that they hold the same key';
comment on column key_ring_keys.writing_since is 'first start of a process that writes with it; empty: only reads so far';
comment on column key_ring_keys.retired_at is 'nothing needs it any more: processes may start without it';

create table key_holders (
  id uuid primary key,
  process text not null,
  rings jsonb not null,
  signing_kids text[] not null default '{}',
  started_at timestamptz not null,
  seen_at timestamptz not null
);
comment on column key_holders.process is 'host and process id, for the operator';
comment on column key_holders.rings is 'key ids by ring in their order: the first writes';
comment on column key_holders.signing_kids is 'keys of its JWKS';

create table key_rewrites (
  table_name text primary key,
  target text not null,
  cursor jsonb,
  rows_total bigint not null,
  rows_seen bigint not null default 0,
  rows_rewritten bigint not null default 0,
  rows_unreadable bigint not null default 0,
  started_at timestamptz not null,
  finished_at timestamptz
);
comment on column key_rewrites.target is 'ids of the keys that write: encryption/hash';
comment on column key_rewrites.cursor is 'primary key of the last row that was dealt with';
comment on column key_rewrites.rows_total is 'estimated when the pass began';

create table signing_keys (
  kid text primary key,
  alg text not null,
  private_jwk text not null,
  state text not null,
  created_at timestamptz not null,
  state_changed_at timestamptz not null,
  constraint signing_keys_state check (state in ('next', 'current', 'retired'))
);
comment on column signing_keys.private_jwk is 'encrypted';
create unique index signing_keys_one_per_state on signing_keys (alg, state) where state <> 'retired';

create table derivation_secrets (
  name text primary key,
  secret text not null,
  created_at timestamptz not null
);
comment on column derivation_secrets.secret is 'encrypted';
`
