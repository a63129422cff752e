import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { type OpenDatabase, openDatabase } from '../../../../src/stores/database/database.ts'
import {
  migrate,
  migrationsIn,
  pendingMigrations,
  rollback,
  schemaStatus,
} from '../../../../src/stores/database/migrations.ts'
import { until } from '../../../support/servers/processes.ts'
import { postgresUrl } from '../../../support/stores/database-templates.ts'
import { describeOnBoth } from '../../../support/stores/databases.ts'

const folder = mkdtempSync(join(tmpdir(), 'migrations-'))
afterAll(() => rmSync(folder, { recursive: true }))

function write(directory: string, name: string, up: string, down = ''): void {
  writeFileSync(
    join(directory, name),
    `export async function up(knex) {${up}}\nexport async function down(knex) {${down}}\n`,
  )
}

describe.skipIf(process.env.TEST_WITHOUT_POSTGRES === 'true')('migrations of several processes', () => {
  let database: OpenDatabase
  let name: string
  let url: string

  beforeEach(async () => {
    const server = await openDatabase({ url: postgresUrl, poolSize: 2 })
    name = `test_migrations_${process.pid}_${Date.now().toString(36)}`
    await server.knex.raw(`create database ${name}`)
    url = Object.assign(new URL(postgresUrl), { pathname: `/${name}` }).href
    database = await openDatabase({ url, poolSize: 4 })
    return async () => {
      await database.close()
      await server.knex.raw(`drop database ${name} with (force)`)
      await server.close()
    }
  })

  const start = (directory: string): ChildProcess =>
    spawn(process.execPath, [join(import.meta.dirname, 'slow-migrate.ts'), url, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  const ended = async (child: ChildProcess) => {
    let text = ''
    child.stdout?.on('data', (chunk) => {
      text += chunk
    })
    const [code] = await once(child, 'close')
    return { code, text }
  }

  it('four that start at once on an empty database apply each migration once', async () => {
    const directory = mkdtempSync(join(folder, 'four-'))
    cpSync('migrations', directory, { recursive: true })
    const ends = await Promise.all(Array.from({ length: 4 }, () => ended(start(directory))))
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0])
    const counts = ends.map(({ text }) => Number(/applied (\d+)/.exec(text)?.[1])).sort((a, b) => b - a)
    expect(counts[0]).toBeGreaterThan(5)
    expect(counts.slice(1)).toEqual([0, 0, 0])
  })

  // knex leaves its lock in a row: a killed process would have stopped every later start with "already locked".
  it.each([true, false])(
    'one that is killed half-way leaves nothing behind (transaction: %s)',
    async (transaction) => {
      const directory = mkdtempSync(join(folder, 'killed-'))
      write(
        directory,
        '001_first.ts',
        "await knex.raw('create table first (n int)'); await knex.raw('select pg_sleep(30)')",
      )
      if (!transaction)
        writeFileSync(
          join(directory, '001_first.ts'),
          `export const config = { transaction: false }
        export async function up(knex) { await knex.raw('create table if not exists first (n int)'); await knex.raw('select pg_sleep(30)') }
        export async function down() {}`,
        )
      const child = start(directory)
      await until('the migration sleeps', async () => {
        const { rows } = await database.knex.raw(
          "select 1 from pg_stat_activity where datname = current_database() and query like '%pg_sleep(30)' and state = 'active' and pid <> pg_backend_pid()",
        )
        return rows.length > 0
      })
      child.kill('SIGKILL')
      // The server notices the lost client only when it writes to it: what it still does for it is ended here.
      await database.knex.raw(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'",
      )
      write(directory, '001_first.ts', "await knex.raw('create table if not exists first (n int)')")
      expect(await migrate(database.knex, migrationsIn(directory))).toEqual(['001_first.ts'])
    },
    30_000,
  )
})

describeOnBoth('the schema between two versions', (knex) => {
  it('an older version accepts what a newer one has added, and leaves its rollback to it', async () => {
    const newer = mkdtempSync(join(folder, 'newer-'))
    cpSync('migrations', newer, { recursive: true })
    write(newer, '999_newer.ts', "await knex.raw('create table newer (n int)')", "await knex.raw('drop table newer')")
    expect(await migrate(knex(), migrationsIn(newer))).toEqual(['999_newer.ts'])
    expect(await pendingMigrations(knex())).toEqual([])
    expect(await migrate(knex())).toEqual([])
    expect(await schemaStatus(knex())).toMatchObject({ pending: [], newer: ['999_newer.ts'] })
    await expect(rollback(knex(), 1)).rejects.toThrow('999_newer.ts')
    expect(await rollback(knex(), 1, migrationsIn(newer))).toEqual(['999_newer.ts'])
  })

  it('a database that began otherwise is refused in a sentence, and left as it is', async () => {
    const other = mkdtempSync(join(folder, 'other-'))
    const { applied } = await schemaStatus(knex())
    await rollback(knex(), applied.length)
    write(other, '001_other.ts', "await knex.raw('create table other (n int)')", "await knex.raw('drop table other')")
    await migrate(knex(), migrationsIn(other))
    await expect(migrate(knex())).rejects.toThrow('it has 001_other.ts, but not 001_register.ts')
    expect((await schemaStatus(knex())).applied).toEqual([])
    await rollback(knex(), 1, migrationsIn(other))
    expect(await migrate(knex())).toHaveLength(applied.length)
  })

  it('every migration can be undone and applied again', async () => {
    const { applied } = await schemaStatus(knex())
    expect(await rollback(knex(), applied.length)).toHaveLength(applied.length)
    expect((await schemaStatus(knex())).pending).toHaveLength(applied.length)
    expect(await migrate(knex())).toHaveLength(applied.length)
  })
})
