import { cpSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { calm } from './calm.ts'
import { onServer, postgresUrl, startedFolder } from './stores/database-templates.ts'

/** Holds whoever else wants the template until it is there. */
const lock = 730_116

/**
 * Makes `name`, a copy of `migrated` in which the application has started once: keys made, demo members loaded, their letter drawn. That
 * takes a second of processor time, a copy of it a tenth. Nothing is done where it is there; `dataDir` gets the secrets it was made with.
 */
export async function copyStarted(migrated: string, name: string, dataDir: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [lock])
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name])
    if (rowCount === 0) await make(migrated, name)
  } finally {
    await client.end()
  }
  cpSync(startedFolder(name), dataDir, { recursive: true })
}

async function make(migrated: string, name: string): Promise<void> {
  const draft = `${name}_new`
  const folder = mkdtempSync(join(tmpdir(), 'aok-'))
  await onServer(`create database ${draft} template ${migrated}`)
  try {
    const config = loadConfig({
      ...{ NODE_ENV: 'development', PORT: '0', DEMO_PORT: '0', LOG_LEVEL: 'silent' },
      ...{ DATA_DIR: folder, DATABASE_URL: Object.assign(new URL(postgresUrl), { pathname: `/${draft}` }).href },
    })
    const app = await startApp(calm(config))
    await app.close()
    rmSync(startedFolder(name), { recursive: true, force: true })
    renameSync(folder, startedFolder(name))
    await onServer(`alter database ${draft} rename to ${name}`)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    await onServer(`drop database if exists ${draft} with (force)`)
    throw error
  }
}
