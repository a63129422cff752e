import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ProtectedTable, protectedTables } from '../../../src/stores/keys/protected-tables.ts'
import { startTestApp, type TestApp } from '../../support/app.ts'
import { createClient } from '../../support/client.ts'
import { ask } from '../../support/stores/database.ts'
import { awaitLetter, enterPassword, makeActive, register, somebody } from '../../support/walk.ts'

/** Counters name keyed hashes within their key; they end within a month and a lost one only counts anew. */
const shortLived = ['rate_limits.key']

/** Columns that hold hashes without a key: SHA-256 of random tokens, which needs none (OWASP ASVS 5, 6.5), and argon2id. */
const unkeyedHashes: readonly string[] = [
  'accounts.password_hash',
  'accounts.security_answer_hash',
  'activation_links.token_hash',
  'known_browsers.browser_hash',
  'browser_links.token_hash',
  'oidc_artefacts.id_hash',
  'oidc_artefacts.grant_hash',
  'oidc_artefacts.uid_hash',
  'oidc_artefacts.user_code_hash',
  'oidc_artefacts.successor_hash',
  'staff.password_hash',
  'staff_links.token_hash',
  'staff_sessions.id_hash',
  'staff_sessions.browser_hash',
  'member_looks.session_hash',
  'passkey_challenges.challenge_hash',
  'passkey_challenges.bound_hash',
]

const named = (columnsOf: (table: ProtectedTable) => string[]) =>
  protectedTables.flatMap((each) => columnsOf(each).map((column) => `${each.table}.${column}`))

const bytes = ({ passing = {} }: ProtectedTable) =>
  Object.keys(passing).filter((column) => passing[column]?.encryptedBytes)
const sealed = named((table) => [...table.sealed, ...bytes(table)])
const hashed = named((table) => Object.keys({ ...table.hashed, ...table.passing }))

type Column = { name: string; table: string; column: string; comment: string | null }

describe('the list of protected columns', () => {
  let app: TestApp
  let schema: Column[]
  beforeAll(async () => {
    app = await startTestApp()
    schema = await ask<Column>(
      app,
      `select c.table_name || '.' || c.column_name as name, c.table_name as table, c.column_name as column,
         col_description(to_regclass(quote_ident(c.table_name)), c.ordinal_position) as comment
       from information_schema.columns c
       where c.table_schema = 'public' and c.data_type in ('text', 'jsonb', 'bytea') order by 1`,
    )
  })
  afterAll(() => app?.close())

  it('names every column whose comment says that it is encrypted, and no other', () => {
    const encrypted = schema.filter(({ comment }) => comment?.startsWith('encrypted')).map(({ name }) => name)
    expect(encrypted).toEqual([...sealed].sort())
  })

  it('knows of every hash whether a key made it', () => {
    const hashes = schema.filter(({ column }) => column.endsWith('_hash')).map(({ name }) => name)
    expect(hashes.filter((name) => !hashed.includes(name) && !unkeyedHashes.includes(name))).toEqual([])
  })

  it('names the primary key of every table in the order of its index', async () => {
    for (const { table, key } of protectedTables) {
      const rows = await ask<{ column: string; type: string }>(
        app,
        `select a.attname as column, format_type(a.atttypid, null) as type from pg_index i
         join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
         where i.indrelid = to_regclass($1) and i.indisprimary order by array_position(i.indkey::int2[], a.attnum)`,
        [table],
      )
      expect([table, rows.map(({ column, type }) => [column, type])]).toEqual([table, Object.entries(key)])
    }
  })

  it('misses no value that the whole way of a member leaves behind', async () => {
    await makeActive(app, somebody('A123456780'))
    await register(createClient(), app, somebody('B204581379'))
    const third = somebody('H556677889')
    const client = await awaitLetter(app, third)
    await client.get(`${app.demo}/login`)
    await enterPassword(client, third)
    const found: string[] = []
    for (const { name, table, column } of schema) {
      const rows = await ask(
        app,
        `select 1 from ${table} where "${column}"::text ~ '(^|\\W)dev\\.(2\\.)?[\\w-]{16}' limit 1`,
      )
      if (rows.length > 0) found.push(name)
    }
    // A journey, a code, a message and a letter under way at least: the search sees what it looks for.
    expect(found).toEqual(
      expect.arrayContaining([
        'accounts.email',
        'journeys.state',
        'one_time_codes.code_hash',
        'signing_keys.private_jwk',
      ]),
    )
    expect(found.filter((name) => ![...sealed, ...hashed, ...shortLived].includes(name))).toEqual([])
  })
})
