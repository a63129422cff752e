import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../cli/installation.ts'
import { backends } from '../support/app.ts'
import { createClient } from '../support/client.ts'
import { type Child, startChild, toApp } from '../support/machine/child.ts'
import { createServerDatabase, type Own } from '../support/stores/server-database.ts'
import { waitFor } from '../support/wait.ts'
import { lena, signInAgain } from '../support/walk.ts'

/** The rights that docs/operate/postgresql.md gives to a user of the service who may not change the schema. */
const grants = (user: string) => `
  grant usage on schema public, pgboss to ${user};
  grant select, insert, update, delete, truncate on all tables in schema public, pgboss to ${user};
  grant usage on all sequences in schema public, pgboss to ${user};
  grant execute on all functions in schema public, pgboss to ${user}`

describe.skipIf(!backends.includes('servers'))('a database user who may not change the schema', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'aok-limited-'))
  const user = `aok_limited_${randomBytes(4).toString('hex')}`
  let database: Own
  let owner: pg.Client
  let child: Child
  beforeAll(async () => {
    database = await createServerDatabase('empty')
    owner = new pg.Client({ connectionString: database.url })
    await owner.connect()
    const variables = { DATABASE_URL: database.url, DATA_DIR: dataDir }
    expect(await runCommand(['db:migrate'], { variables })).toMatchObject({ exitCode: 0 })
    await owner.query(`create role ${user} login password 'limited'; revoke create on schema public from public`)
    await owner.query(grants(user))
    const url = Object.assign(new URL(database.url), { username: user, password: 'limited' }).href
    child = startChild({ ...variables, DATABASE_URL: url, MIGRATE_ON_START: 'false' })
  })
  afterAll(async () => {
    child?.process.kill('SIGKILL')
    await child?.ended
    await owner?.query(`drop owned by ${user}; drop role ${user}`)
    await owner?.end()
    await database?.drop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  it('serves sign-ins, deliveries and jobs', async () => {
    const app = toApp(await child.ready, dataDir)
    const end = await signInAgain(createClient(), app, lena)
    expect(new URL(end.url).origin).toBe(app.demo)
    const jobsThatRan = async () =>
      (await owner.query('select name from job_runs where finished_at is not null')).rows.map(({ name }) => name)
    await waitFor(async () => (await jobsThatRan()).includes('audit-seal'), 90)
    const { rows } = await owner.query('select name, failures from job_runs where failures > 0')
    expect(rows).toEqual([])
  })
})
