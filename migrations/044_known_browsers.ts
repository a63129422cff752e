// contract: since 0.1 nothing runs that knows the old names
import type { Knex } from 'knex'

const tables = { known_devices: 'known_browsers', device_links: 'browser_links' }
const indexes = {
  known_devices_pkey: 'known_browsers_pkey',
  known_devices_unused: 'known_browsers_unused',
  device_links_pkey: 'browser_links_pkey',
  device_links_account_id_index: 'browser_links_account_id_index',
  device_links_expires_at: 'browser_links_expires_at',
}
const references = {
  known_browsers: ['known_devices_account_id_foreign', 'known_browsers_account_id_foreign'],
  browser_links: ['device_links_account_id_foreign', 'browser_links_account_id_foreign'],
}

/** What an account knows is a browser; a device is what asks for a code of its own (RFC 8628). */
export async function up(knex: Knex): Promise<void> {
  for (const [before, after] of Object.entries(tables)) await knex.schema.renameTable(before, after)
  await knex.raw('alter table known_browsers rename column device_hash to browser_hash')
  for (const [before, after] of Object.entries(indexes)) await knex.raw(`alter index ${before} rename to ${after}`)
  for (const [table, [before, after]] of Object.entries(references))
    await knex.raw(`alter table ${table} rename constraint ${before} to ${after}`)
}

export async function down(knex: Knex): Promise<void> {
  for (const [table, [before, after]] of Object.entries(references))
    await knex.raw(`alter table ${table} rename constraint ${after} to ${before}`)
  for (const [before, after] of Object.entries(indexes)) await knex.raw(`alter index ${after} rename to ${before}`)
  await knex.raw('alter table known_browsers rename column browser_hash to device_hash')
  for (const [before, after] of Object.entries(tables)) await knex.schema.renameTable(after, before)
}
