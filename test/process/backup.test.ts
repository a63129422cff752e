import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/stores/database/database.ts'
import { runCommand } from '../cli/installation.ts'
import { backends, startTestApp, type TestApp } from '../support/app.ts'
import { hasPostgresClient } from '../support/machine/programs.ts'
import { postgresUrl } from '../support/stores/database-templates.ts'

const run = promisify(execFile)
const urlOf = (name: string) => Object.assign(new URL(postgresUrl), { pathname: `/${name}` }).href

describe.skipIf(!backends.includes('servers') || !hasPostgresClient())('a backup', () => {
  const source = `aok_backup_${randomBytes(4).toString('hex')}`
  const restored = `${source}_restored`
  let app: TestApp

  const ask = async (sql: string) => {
    const server = await openDatabase({ url: postgresUrl, poolSize: 1 })
    await server.knex.raw(sql).finally(server.close)
  }

  beforeAll(async () => {
    await ask(`create database ${source}`)
    app = await startTestApp({ DATABASE_URL: urlOf(source) }, 'embedded')
  })
  afterAll(async () => {
    await app?.close()
    for (const name of [source, restored]) await ask(`drop database if exists ${name} with (force)`)
  })

  it('taken while the service runs, restored elsewhere, holds every invariant, and its accounts are found', async () => {
    const file = join(app.dataDir, 'backup.dump')
    await run('pg_dump', ['--format=custom', `--file=${file}`, urlOf(source)])
    await ask(`create database ${restored}`)
    await run('pg_restore', ['--exit-on-error', '--no-owner', `--dbname=${urlOf(restored)}`, file])
    const variables = { DATA_DIR: app.dataDir, DATABASE_URL: urlOf(restored) }
    const { exitCode, out } = await runCommand(['doctor', '--json'], { variables })
    expect(JSON.parse(out)).toMatchObject({ ok: true, faults: 0 })
    expect(exitCode).toBe(0)
    const copy = await openDatabase({ url: urlOf(restored), poolSize: 1 })
    expect(await copy.knex('accounts').whereIn('username', ['lena.huber', 'josef.bauer'])).toHaveLength(2)
    await copy.close()
  })

  it('restored without its keys is refused', async () => {
    const other = join(app.dataDir, 'other')
    const { exitCode, out } = await runCommand(['doctor', '--json'], {
      variables: { DATA_DIR: other, DATABASE_URL: urlOf(restored) },
    })
    expect(exitCode).toBe(1)
    const names = JSON.parse(out).findings.filter((found: { outcome: string }) => found.outcome === 'fault')
    expect(names.map((found: { name: string }) => found.name)).toContain('the keys fit the database')
  })
})
