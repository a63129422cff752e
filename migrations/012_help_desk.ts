import type { Knex } from 'knex'

/** What staff look at on the phone: which accounts a session of the console has looked up, and who ended an account. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(schema)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table member_looks; alter table accounts drop column end_reason')
}

const schema = `
alter table accounts add column end_reason text;
comment on column accounts.end_reason is 'staff: two persons ended it, and the register does not open it again; null: coverage was over';

create table member_looks (
  session_hash text not null constraint member_looks_session references staff_sessions on delete cascade,
  account_id uuid not null constraint member_looks_account references accounts on delete cascade,
  reason text not null,
  looked_at timestamptz not null,
  identified_at timestamptz,
  primary key (session_hash, account_id)
);
comment on table member_looks is 'accounts that a session of the console may see for a while; each look is an audit event, too';
comment on column member_looks.identified_at is 'when the caller gave the right answer to the security question';
create index member_looks_account on member_looks (account_id);
create index member_looks_old on member_looks (looked_at);
`
