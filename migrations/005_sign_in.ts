import type { Knex } from 'knex'

/** Journeys under way, one-time codes, counters, known browsers, what oidc-provider keeps, and consents. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(schema)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(
    'drop table consents, oidc_artefacts, browser_links, known_browsers, rate_limits, one_time_codes, journeys',
  )
}

const schema = `
create table journeys (
  id text primary key,
  kind text not null,
  state text,
  version integer not null default 0,
  client_id text,
  expires_at timestamptz not null,
  ended_at timestamptz
) with (autovacuum_vacuum_scale_factor=0.02, autovacuum_analyze_scale_factor=0.02);
comment on column journeys.id is 'hash of the browser-held id, or uid of the interaction';
comment on column journeys.state is 'encrypted JSON; empty once ended';
create index journeys_expires_at_index on journeys (expires_at);
create index journeys_to_blank on journeys (expires_at) where state is not null;

create table one_time_codes (
  id uuid primary key,
  purpose text not null,
  subject text not null,
  code_hash text not null,
  country text not null,
  tries_left integer not null,
  issued_at timestamptz not null,
  expires_at timestamptz not null,
  consumed_at timestamptz,
  voided_at timestamptz
) with (autovacuum_vacuum_scale_factor=0.02, autovacuum_analyze_scale_factor=0.02);
comment on column one_time_codes.subject is 'journey and account the code is bound to';
create index one_time_codes_issued_at on one_time_codes (issued_at);
create index one_time_codes_purpose_country_issued_at_index on one_time_codes (purpose, country, issued_at);
create index one_time_codes_subject_issued_at_index on one_time_codes (subject, issued_at);

create table rate_limits (
  key text primary key,
  points integer not null,
  expire bigint
);
create index rate_limits_expire on rate_limits (expire);

create table known_browsers (
  account_id uuid not null constraint known_browsers_account_id_foreign references accounts on delete cascade,
  browser_hash text not null,
  known_since timestamptz not null,
  last_used_at timestamptz not null default current_timestamp,
  primary key (account_id, browser_hash)
);
comment on column known_browsers.last_used_at is 'to the day';
create index known_browsers_unused on known_browsers (last_used_at);

create table browser_links (
  token_hash text primary key,
  account_id uuid not null constraint browser_links_account_id_foreign references accounts on delete cascade,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index browser_links_account_id_index on browser_links (account_id);
create index browser_links_expires_at on browser_links (expires_at);

create table oidc_artefacts (
  model text not null,
  id_hash text not null,
  payload text not null,
  grant_hash text,
  uid_hash text,
  user_code_hash text,
  uses integer not null default 0,
  consumed_at timestamptz,
  used_at timestamptz,
  successor_hash text,
  succeeded_at timestamptz,
  superseded_at timestamptz,
  expires_at timestamptz not null,
  primary key (model, id_hash)
) with (autovacuum_vacuum_scale_factor=0.02, autovacuum_analyze_scale_factor=0.02);
comment on column oidc_artefacts.id_hash is 'SHA-256 of the token or session id';
comment on column oidc_artefacts.payload is 'encrypted JSON';
comment on column oidc_artefacts.grant_hash is 'SHA-256 of the grant id that revocation goes by';
comment on column oidc_artefacts.uid_hash is 'SHA-256 of the uid of a session';
comment on column oidc_artefacts.uses is 'how often it was consumed; a second time only in the grace';
comment on column oidc_artefacts.consumed_at is 'first consumption';
comment on column oidc_artefacts.used_at is 'last consumption';
comment on column oidc_artefacts.successor_hash is 'refresh token that the last rotation issued';
comment on column oidc_artefacts.succeeded_at is 'when the last use was answered';
comment on column oidc_artefacts.superseded_at is 'replaced by a retry of its predecessor';
create index oidc_artefacts_expires_at_index on oidc_artefacts (expires_at);
create index oidc_artefacts_grant_hash on oidc_artefacts (grant_hash) where grant_hash is not null;
create index oidc_artefacts_uid_hash on oidc_artefacts (uid_hash) where uid_hash is not null;
create index oidc_artefacts_user_code_hash on oidc_artefacts (user_code_hash) where user_code_hash is not null;

create table consents (
  account_id uuid not null constraint consents_account_id_foreign references accounts on delete cascade,
  client_id text not null,
  scopes text[] not null,
  granted_at timestamptz not null,
  changed_at timestamptz not null,
  last_used_at timestamptz not null default current_timestamp,
  primary key (account_id, client_id)
);
comment on column consents.last_used_at is 'to the day';
create index consents_last_used_at_index on consents (last_used_at);
`
