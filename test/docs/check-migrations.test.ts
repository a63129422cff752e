import { expect, test } from 'vitest'
import { findFaults } from '../../scripts/check-migrations.ts'

const migration = (up: string, head = '') =>
  `${head}export async function up(knex) {\n${up}\n}\nexport async function down(knex) {\n  await knex.schema.dropTable('x')\n}\n`

test.each([
  ["  await knex.schema.dropTable('consents')", 'drops a table'],
  ["  await knex.raw('alter table accounts drop column email')", 'drops a column'],
  ["  await knex.schema.renameTable('a', 'b')", 'renames'],
  ["  await knex.raw('alter table accounts alter column email type bytea')", 'changes a type'],
  ["  await knex.raw('alter table accounts alter column email set not null')", 'tightens a column'],
  ["  await knex.raw('alter table accounts add constraint x check (email is not null)')", 'old rows must pass'],
  [
    "  await knex.schema.alterTable('accounts', (table) => {\n    table.text('x').notNullable()\n  })",
    'adds a column to accounts that old rows cannot have',
  ],
  ["  await knex.raw('create index x on audit_events (at)')", 'without "concurrently"'],
  ['  await knex.raw(sql)\n}\nconst sql = `drop table consents`\nfunction more() {', 'drops a table'],
])('%s is refused', (up, fault) => {
  expect(findFaults('099_x.ts', migration(up)).join()).toContain(fault)
  expect(findFaults('099_x.ts', migration(up, '// contract: since 2.1 nobody reads it\n'))).toEqual([])
})

test.each([
  "  await knex.schema.createTable('x', (table) => {\n    table.text('y').notNullable()\n  })",
  "  await knex.schema.alterTable('accounts', (table) => {\n    table.text('x')\n    table.integer('y').notNullable().defaultTo(0)\n  })",
  "  await knex.raw('create table accounts (y text); create index x on accounts (y)')",
  "  await knex.raw('create index concurrently x on audit_events (at)')",
  "  await knex.raw('create index x on accounts (y) where y is not null')",
  "  await knex.raw('alter table accounts alter column x set default 1')",
  "  await knex.raw('alter table accounts add constraint x check (y > 0) not valid')",
])('%s is no fault', (up) => {
  expect(findFaults('099_x.ts', migration(up))).toEqual([])
})
