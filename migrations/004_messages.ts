import type { Knex } from 'knex'

/** The outbox, what SMS gateways told of it, and what the development drivers "send". */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(schema)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table development_postbox, sms_early_receipts, sms_receipts, messages')
  await knex.raw('drop sequence messages_position')
}

const schema = `
create sequence messages_position;

create table messages (
  id uuid primary key,
  kind text not null,
  payload text,
  created_at timestamptz not null,
  expires_at timestamptz,
  delivered_at timestamptz,
  failed_at timestamptz,
  failure text,
  key text,
  "position" bigint default nextval('messages_position'),
  order_key text,
  supersede_key text,
  account_id uuid,
  recipient_hash text,
  due_at timestamptz not null default (now() + interval '10 minutes'),
  attempts integer not null default 0,
  claim uuid,
  claimed_until timestamptz,
  hand_overs smallint not null default 0
) with (autovacuum_vacuum_scale_factor=0.02, autovacuum_analyze_scale_factor=0.02);
comment on column messages.payload is 'encrypted; blanked once delivered or expired';
comment on column messages.key is 'names the message: a second one of the same key is not written';
comment on column messages."position" is 'order of writing; empty in rows older than the column';
comment on column messages.order_key is 'messages of one key leave one after another';
comment on column messages.supersede_key is 'keyed hash; a newer message of the key makes older ones void';
comment on column messages.account_id is 'whose message it is; no reference, because it may outlive the account';
comment on column messages.recipient_hash is 'keyed hash of the e-mail address, by which a bounce is matched';
comment on column messages.due_at is 'next try, by the clock of the database';
comment on column messages.claim is 'of the try under way';
comment on column messages.claimed_until is 'whoever claimed it has died when this has passed, by the clock of the database';
comment on column messages.hand_overs is 'copies of an SMS that may have gone out';
create index messages_account on messages (account_id) where account_id is not null;
create index messages_created_at_index on messages (created_at);
create index messages_due on messages (kind, due_at) where delivered_at is null and failed_at is null;
create index messages_expiry on messages (expires_at) where delivered_at is null and failed_at is null;
create unique index messages_key on messages (key) where key is not null;
create index messages_order on messages (order_key, "position") where delivered_at is null and failed_at is null;
create index messages_recipient on messages (recipient_hash) where recipient_hash is not null;
create index messages_supersede on messages (supersede_key) where supersede_key is not null;

create table sms_receipts (
  id bigserial primary key,
  message_id uuid not null,
  account_id uuid,
  gateway text not null,
  gateway_message_hash text,
  country text not null,
  purpose text not null,
  price integer not null,
  state text not null,
  failure text,
  sent_at timestamptz not null,
  changed_at timestamptz not null,
  constraint sms_receipts_state check (state in ('unknown', 'accepted', 'delivered', 'undelivered', 'expired'))
);
comment on column sms_receipts.message_id is 'several rows of one message: it may have arrived several times';
comment on column sms_receipts.account_id is 'whose SMS it was; no reference, because it may outlive the account';
comment on column sms_receipts.gateway_message_hash is 'keyed hash of the id that the gateway gave it';
comment on column sms_receipts.country is 'ISO 3166-1';
comment on column sms_receipts.price is 'hundredths of a cent';
comment on column sms_receipts.failure is 'code of the gateway, never its text';
comment on column sms_receipts.changed_at is 'when the state was learnt';
create index sms_receipts_account on sms_receipts (account_id, sent_at) where account_id is not null;
create index sms_receipts_gateway_message on sms_receipts (gateway_message_hash) where gateway_message_hash is not null;
create index sms_receipts_sent on sms_receipts (sent_at);

create table sms_early_receipts (
  id bigserial primary key,
  gateway text not null,
  message_hashes text[] not null,
  state text not null,
  failure text,
  received_at timestamptz not null
);
comment on column sms_early_receipts.message_hashes is 'keyed hashes of the ids that it may mean; without their key it is forgotten after its day';
comment on column sms_early_receipts.failure is 'code of the gateway, never its text';
create index sms_early_receipts_received on sms_early_receipts (received_at);

create table development_postbox (
  "position" bigserial primary key,
  id text not null constraint development_postbox_id_unique unique,
  kind text not null,
  "to" text not null,
  subject text not null,
  text text not null,
  html text,
  pdf bytea,
  code text,
  link text,
  created_at timestamptz not null,
  codes jsonb
);
comment on column development_postbox.codes is 'every code of a letter, with the registration that it is for';
`
