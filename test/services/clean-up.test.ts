import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import type { Database } from '../../src/stores/database/database.ts'
import { newAccount } from '../support/members.ts'
import { createServiceWorld, type ServiceWorld } from '../support/services.ts'
import { describeOnDatabase } from '../support/stores/databases.ts'

const now = '2028-11-24T09:00:00Z'
const ago = (days: number) => new Date(Date.parse(now) - days * 24 * 60 * 60 * 1000)
const hours = 1 / 24

/** Where time stands in each table that the clean-up looks at, and for how many days a row is kept. */
const kept: { table: string; time: string; days: number; row?: Record<string, unknown> }[] = [
  { table: 'journeys', time: 'expires_at', days: 1 },
  { table: 'one_time_codes', time: 'issued_at', days: 2 },
  { table: 'browser_links', time: 'expires_at', days: 0 },
  { table: 'messages', time: 'created_at', days: 30 },
  { table: 'sms_receipts', time: 'sent_at', days: 90 },
  { table: 'unlock_letters', time: 'printable_from', days: 31, row: { account_id: null, state: 'ended' } },
  { table: 'activation_links', time: 'last_day', days: 366 },
  { table: 'known_browsers', time: 'last_used_at', days: 400 },
  { table: 'consents', time: 'last_used_at', days: 400 },
  { table: 'member_looks', time: 'looked_at', days: 1 },
  { table: 'returned_letters', time: 'returned_at', days: 731 },
]

const fillers: Readonly<Record<string, () => unknown>> = {
  uuid: () => randomUUID(),
  text: () => randomUUID(),
  ARRAY: () => [],
  'timestamp with time zone': () => new Date(now),
  date: () => now.slice(0, 10),
  integer: () => 0,
  boolean: () => false,
}

describeOnDatabase('the clean-up', (database) => {
  let world: ServiceWorld
  beforeEach(async () => {
    world = createServiceWorld(database(), now)
    await world.empty()
  })

  async function add(db: Database, { table, time, row = {} }: (typeof kept)[number], at: Date, accountId: string) {
    const columns = await db('information_schema.columns')
      .where({ table_schema: 'public', table_name: table, is_nullable: 'NO', column_default: null })
      .select('column_name as name', 'data_type as type')
    const filled = columns.map(({ name, type }) => [name, name === 'account_id' ? accountId : fillers[type]?.()])
    await db(table).insert({ ...Object.fromEntries(filled), ...row, [time]: at })
  }

  it.each(kept)('forgets $table after $days days, and not before', async (each) => {
    const db = database()
    const account = newAccount()
    await world.stores.accounts.create(account)
    // Words of states and references to other tables mean nothing here.
    const { rows } = await db.raw(
      "select quote_ident(conname) as name from pg_constraint where contype in ('c', 'f') and conrelid = ?::regclass",
      [each.table],
    )
    for (const { name } of rows) await db.raw(`alter table ${each.table} drop constraint ${name}`)
    await db(each.table).delete()
    const day = each.time === 'last_day' || each.days >= 366 ? 1 : hours
    await add(db, each, ago(each.days - day), account.id)
    await add(db, each, ago(each.days + day), account.id)
    await world.tasks.forgetEnded()
    const left: Date[] = await db(each.table).pluck(each.time)
    expect(left.map((time) => new Date(time) > ago(each.days))).toEqual([true])
  })
})
