import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { openDatabase } from '../../../src/stores/database/database.ts'
import { migrate } from '../../../src/stores/database/migrations.ts'

/** The server on which tests create databases of their own. */
export const postgresUrl = process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'

declare module 'vitest' {
  interface ProvidedContext {
    /** Name of the migrated database on the server that others are copies of; `null` without a server. */
    serverTemplate: string | null
  }
}

/**
 * Data folders of the embedded database that tests begin with. Making one takes seconds of processor time, copying it a
 * tenth of a second. `empty` has no schema, `migrated` the newest one; both are made again when PGlite or a migration changes.
 */
type Kind = 'empty' | 'migrated'

const cache = join(import.meta.dirname, '../../../node_modules/.cache/embedded')

/** Puts a copy of a template into `dataDir`, where the embedded database finds it. */
export function copyTemplate(dataDir: string, kind: Kind): void {
  const template = templateOf(kind)
  if (!existsSync(template)) throw new Error(`${template} is missing: vitest's global set-up makes it`)
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  cpSync(join(template, 'postgres'), join(dataDir, 'postgres'), { recursive: true })
}

function templateOf(kind: Kind): string {
  const pglite = dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite'))
  const hash = createHash('sha256').update(readFileSync(join(pglite, '../package.json')))
  const migrations = join(import.meta.dirname, '../../../migrations')
  if (kind === 'migrated')
    for (const name of readdirSync(migrations).sort()) hash.update(name).update(readFileSync(join(migrations, name)))
  return join(cache, `${kind}-${hash.digest('hex').slice(0, 16)}`)
}

/** Makes the templates that are missing, once before all tests; answers how the one on the server goes away. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  mkdirSync(cache, { recursive: true })
  await make('empty', async () => {})
  await make('migrated', async (dataDir) => {
    copyTemplate(dataDir, 'empty')
    const database = await openDatabase({ dataDir })
    await migrate(database.knex).finally(database.close)
  })
  const withoutServer = process.env.TEST_WITHOUT_POSTGRES === 'true'
  const name = withoutServer ? null : `aok_test_template_${process.pid}`
  project.provide('serverTemplate', name)
  if (!name) return async () => {}
  await onServer(`create database ${name}`)
  const url = Object.assign(new URL(postgresUrl), { pathname: `/${name}` })
  const database = await openDatabase({ url: url.href, poolSize: 2 })
  await migrate(database.knex).finally(database.close)
  return async () => {
    await onServer(`drop database ${name} with (force)`)
    await onServer(`drop database if exists ${startedTemplate(name)} with (force)`)
    rmSync(startedFolder(startedTemplate(name)), { recursive: true, force: true })
  }
}

/** Name of the database in which the application has started once, beside the migrated one (`started-template.ts`). */
export const startedTemplate = (migrated: string) => `${migrated}_started`

/** The data folder that goes with it. */
export const startedFolder = (name: string) => join(tmpdir(), name)

/** Runs one statement on the server of the tests. */
export async function onServer(sql: string, url = postgresUrl): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

async function make(kind: Kind, fill: (dataDir: string) => Promise<void>): Promise<void> {
  const template = templateOf(kind)
  if (existsSync(template)) return
  const dataDir = mkdtempSync(join(cache, 'new-'))
  await fill(dataDir)
  if (kind === 'empty') await (await openDatabase({ dataDir })).close()
  try {
    renameSync(dataDir, template)
  } catch {
    // Another run was faster.
    rmSync(dataDir, { recursive: true })
  }
}
