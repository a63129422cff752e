import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { openDatabase } from '../../src/stores/database.ts'
import { migrate } from '../../src/stores/migrations.ts'

/**
 * Data folders of the embedded database that tests begin with. Making one takes seconds of processor time, copying it a
 * tenth of a second. `empty` has no schema, `migrated` the newest one; both are made again when PGlite or a migration changes.
 */
type Kind = 'empty' | 'migrated'

const cache = join(import.meta.dirname, '../../node_modules/.cache/embedded')

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
  const migrations = join(import.meta.dirname, '../../migrations')
  if (kind === 'migrated')
    for (const name of readdirSync(migrations).sort()) hash.update(name).update(readFileSync(join(migrations, name)))
  return join(cache, `${kind}-${hash.digest('hex').slice(0, 16)}`)
}

/** Makes the templates that are missing, once before all tests. */
export async function setup(): Promise<void> {
  mkdirSync(cache, { recursive: true })
  await make('empty', async () => {})
  await make('migrated', async (dataDir) => {
    copyTemplate(dataDir, 'empty')
    const database = await openDatabase({ dataDir })
    await migrate(database.knex).finally(database.close)
  })
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
