import type { Knex } from 'knex'

/** Requests at the HTTP API that are done once, however often they are sent. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(schema)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table api_requests')
}

const schema = `
create table api_requests (
  client_id text not null,
  key text not null,
  fingerprint text not null,
  answer text,
  begun_at timestamptz not null,
  primary key (client_id, key)
);
comment on table api_requests is 'kept for a day';
comment on column api_requests.key is 'SHA-256 of the Idempotency-Key';
comment on column api_requests.fingerprint is 'SHA-256 of method, address and body';
comment on column api_requests.answer is 'encrypted: it may hold a secret that is shown once; null while the first request is at work';
create index api_requests_old on api_requests (begun_at);
`
