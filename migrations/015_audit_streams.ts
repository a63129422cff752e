import type { Knex } from 'knex'

/** How far a receiver outside (SIEM) has taken the audit log. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(schema)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table audit_streams')
}

const schema = `
create table audit_streams (
  name text primary key,
  "position" bigint not null,
  claim uuid,
  claimed_until timestamptz,
  failures integer not null default 0,
  fault text,
  failed_at timestamptz,
  sent_at timestamptz
);
comment on column audit_streams."position" is 'place in the chain of the last event that the receiver took';
comment on column audit_streams.claim is 'of the one worker who sends';
comment on column audit_streams.failures is 'deliveries that failed since one succeeded';
comment on column audit_streams.fault is 'word that says why the last one failed';
`
