import type { Knex } from 'knex'

/** The append-only audit log with its hash chain (security.md, "audit log"; docs/decisions/0030). */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(schema)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop function audit_empty_bodies(bigint[]), audit_events_count(), audit_events_guard() cascade')
  await knex.raw('drop table audit_retentions, audit_heads, audit_counts, audit_events')
}

const schema = `
create table audit_events (
  id bigserial primary key,
  at timestamptz not null,
  type text not null,
  actor text not null,
  account_id uuid,
  data jsonb,
  digest text not null,
  "position" bigint constraint audit_events_position_unique unique,
  chain text,
  body_hash text
) with (autovacuum_vacuum_scale_factor=0.02, autovacuum_analyze_scale_factor=0.02);
comment on column audit_events.actor is 'member, system, cli or staff:<id>';
comment on column audit_events.data is 'no personal data in clear; empty after retention';
comment on column audit_events.digest is 'keyed hash of the body, stays after retention';
comment on column audit_events."position" is 'place in the chain, given by the sealer';
comment on column audit_events.chain is 'keyed hash of the previous chain value and this digest';
comment on column audit_events.body_hash is 'keyed hash of actor, account and data; stays after retention';
create index audit_events_of_account on audit_events (account_id, id) where account_id is not null;
create index audit_events_unsealed on audit_events (id) where "position" is null;

create table audit_counts (
  backend integer primary key,
  appended bigint not null
);
comment on column audit_counts.backend is 'process of the database that appended; 0: those that are gone';

create table audit_heads (
  name text primary key,
  "position" bigint not null,
  chain text not null,
  mac text not null
);
comment on column audit_heads.mac is 'keyed hash of position and chain';

create table audit_retentions (
  class text primary key,
  emptied_until bigint not null
);
comment on column audit_retentions.emptied_until is 'id of the last audit event that was looked at';

create function audit_empty_bodies(ids bigint[]) returns integer language plpgsql set audit.emptying to 'on' as $$
declare
  emptied integer;
begin
  update audit_events set data = null, account_id = null, actor = split_part(actor, ':', 1)
    where id = any(ids) and position is not null and data is not null;
  get diagnostics emptied = row_count;
  return emptied;
end $$;

create function audit_events_count() returns trigger language plpgsql as $$
begin
  insert into audit_counts (backend, appended) select pg_backend_pid(), count(*) from added
    on conflict (backend) do update set appended = audit_counts.appended + excluded.appended;
  return null;
end $$;

create function audit_events_guard() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if (new.id, new.at, new.type, new.digest, new.body_hash) is not distinct from
       (old.id, old.at, old.type, old.digest, old.body_hash) then
      if old.position is null and new.position is not null and new.chain is not null
         and (new.actor, new.account_id, new.data) is not distinct from (old.actor, old.account_id, old.data) then
        return new;
      end if;
      if current_setting('audit.emptying', true) = 'on' and old.position is not null
         and (new.position, new.chain) is not distinct from (old.position, old.chain)
         and new.data is null and new.account_id is null and new.actor = split_part(old.actor, ':', 1) then
        return new;
      end if;
    end if;
  end if;
  raise exception 'audit_events is append-only' using errcode = 'insufficient_privilege';
end $$;

create trigger audit_events_count after insert on audit_events referencing new table as added for each statement execute function audit_events_count();

create trigger audit_events_guard before delete or update on audit_events for each row execute function audit_events_guard();

create trigger audit_events_guard_all before truncate on audit_events for each statement execute function audit_events_guard();

insert into audit_counts (backend, appended) values (0, 0);
`
