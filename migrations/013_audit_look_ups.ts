import type { Knex } from 'knex'

/** The table grows with every event: nobody waits for an index (docs/operate/upgrade.md). */
export const config = { transaction: false }

/**
 * Looking up what the audit log says, newest first, page by page, by each of its filters. Most events are of members and jobs, so a look-up
 * of those meets enough of them on its way; everybody else has an index.
 */
export async function up(knex: Knex): Promise<void> {
  for (const [name, definition] of Object.entries(indexes)) {
    // One that was cut short is there, and of no use.
    await knex.raw(`drop index concurrently if exists ${name}`)
    await knex.raw(`create index concurrently ${name} on audit_events ${definition}`)
  }
  await knex.raw('alter table audit_heads add column if not exists noted_at timestamptz')
  await knex.raw(
    `comment on column audit_heads.noted_at is 'when the chain was last verified up to here; only in the row verified'`,
  )
}

export async function down(knex: Knex): Promise<void> {
  for (const name of Object.keys(indexes)) await knex.raw(`drop index concurrently if exists ${name}`)
  await knex.raw(`delete from audit_heads where name = 'verified'`)
  await knex.raw('alter table audit_heads drop column if exists noted_at')
}

const reference = `(coalesce(data->>'runId', data->>'letterId', data->>'approvalId', data->>'exportId', data->>'staffId', data->>'kid'))`

const indexes = {
  audit_events_at: '(at, id)',
  audit_events_of_type: '(type, at, id)',
  audit_events_of_account_by_time: '(account_id, at, id) where account_id is not null',
  audit_events_of_client: `((data->>'clientId'), at, id) where data->>'clientId' is not null`,
  audit_events_of_reference: `(${reference}, at, id) where ${reference} is not null`,
  audit_events_of_actor: `((split_part(actor, ' ', 1)), at, id) where actor not in ('member', 'system')`,
  audit_events_of_actor_kind: `((split_part(actor, ':', 1)), at, id) where actor not in ('member', 'system')`,
}
