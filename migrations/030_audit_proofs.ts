import type { Knex } from 'knex'

/**
 * What makes the audit log append-only and its loss seen (docs/decisions/0030): the hash of the body apart from the digest, a count of
 * events in the transaction that writes them, the sealed head, and a trigger. The version before can still append and seal.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('audit_events', (table) => {
    table.text('body_hash').comment('keyed hash of actor, account and data; stays after retention')
  })
  await knex.schema.createTable('audit_counts', (table) => {
    table.integer('backend').primary().comment('process of the database that appended; 0: those that are gone')
    table.bigInteger('appended').notNullable()
  })
  await knex.raw('insert into audit_counts (backend, appended) select 0, count(*) from audit_events')
  await knex.schema.createTable('audit_heads', (table) => {
    table.text('name').primary()
    table.bigInteger('position').notNullable()
    table.text('chain').notNullable()
    table.text('mac').notNullable().comment('keyed hash of position and chain')
  })
  await knex.raw(count)
  await knex.raw(guard)
  await knex.raw(empty)
  await knex.raw(`create trigger audit_events_count after insert on audit_events
    referencing new table as added for each statement execute function audit_events_count()`)
  await knex.raw(`create trigger audit_events_guard before update or delete on audit_events
    for each row execute function audit_events_guard()`)
  await knex.raw(`create trigger audit_events_guard_all before truncate on audit_events
    for each statement execute function audit_events_guard()`)
}

/** A row for each process of the database: none waits for another, and a rollback takes its count back. */
const count = `create function audit_events_count() returns trigger language plpgsql as $$
begin
  insert into audit_counts (backend, appended) select pg_backend_pid(), count(*) from added
    on conflict (backend) do update set appended = audit_counts.appended + excluded.appended;
  return null;
end $$`

/** Lets the sealer give a place once, and the retention empty a sealed body; nothing else. */
const guard = `create function audit_events_guard() returns trigger language plpgsql as $$
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
end $$`

const empty = `create function audit_empty_bodies(ids bigint[]) returns integer language plpgsql set audit.emptying = 'on' as $$
declare
  emptied integer;
begin
  update audit_events set data = null, account_id = null, actor = split_part(actor, ':', 1)
    where id = any(ids) and position is not null and data is not null;
  get diagnostics emptied = row_count;
  return emptied;
end $$`

export async function down(knex: Knex): Promise<void> {
  for (const name of ['count', 'guard', 'guard_all'])
    await knex.raw(`drop trigger audit_events_${name} on audit_events`)
  await knex.raw('drop function audit_empty_bodies(bigint[])')
  for (const name of ['count', 'guard']) await knex.raw(`drop function audit_events_${name}()`)
  for (const table of ['audit_heads', 'audit_counts']) await knex.schema.dropTable(table)
  await knex.schema.alterTable('audit_events', (table) => {
    table.dropColumn('body_hash')
  })
}
