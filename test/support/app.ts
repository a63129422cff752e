import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import { type App, startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { copyTemplate } from './embedded-template.ts'
import { createInbox, type Inbox } from './inbox.ts'

/** Where a test application keeps its data: PGlite, or PostgreSQL and Redis. */
export type Backend = 'embedded' | 'servers'

/** The back-ends this machine can run; `npm test` says which are missing. */
export const backends: Backend[] =
  process.env.TEST_WITHOUT_POSTGRES || process.env.TEST_WITHOUT_REDIS ? ['embedded'] : ['embedded', 'servers']

export const postgresUrl = process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
export const redisUrl = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379'

export type TestApp = App & {
  issuer: string
  demo: string
  dataDir: string
  inbox: Inbox
  /** Moves the clock of our own rules and runs what falls due (contract.md, `/dev/clock`). */
  advance(duration: string): Promise<void>
}

/** Starts the whole application on free ports with data of its own; `close` removes everything. */
export async function startTestApp(
  backend: Backend = 'embedded',
  variables: Record<string, string> = {},
): Promise<TestApp> {
  const dataDir = await mkdtemp(join(tmpdir(), 'aok-'))
  if (backend === 'embedded' && !variables.DATABASE_URL) copyTemplate(dataDir, 'migrated')
  const servers = backend === 'servers' ? await createServers() : undefined
  const config = loadConfig({
    NODE_ENV: 'development',
    PORT: '0',
    DEMO_PORT: '0',
    DATA_DIR: dataDir,
    LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'silent',
    IP_LIMIT_FACTOR: '1000',
    ...servers?.variables,
    ...variables,
  })
  const app = await startApp(config)
  return {
    ...app,
    demo: `http://localhost:${app.demoPort}`,
    dataDir,
    inbox: createInbox(app.issuer),
    async advance(duration) {
      const response = await fetch(`${app.issuer}/dev/clock`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ advance: duration }),
      })
      if (!response.ok) throw new Error(`the clock answered ${response.status}: ${await response.text()}`)
    },
    async close() {
      await app.close()
      await servers?.drop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Creates a database of its own and chooses a Redis database that the test empties. */
async function createServers() {
  const name = `aok_test_${randomBytes(6).toString('hex')}`
  await query(`create database ${name}`)
  const url = new URL(postgresUrl)
  url.pathname = `/${name}`
  const redis = new URL(redisUrl)
  redis.pathname = `/${1 + (process.pid % 14)}`
  return {
    variables: { DATABASE_URL: url.href, REDIS_URL: redis.href },
    async drop() {
      await query(`drop database if exists ${name} with (force)`)
      const client = new Redis(redis.href)
      await client.flushdb()
      await client.quit()
    },
  }
}

async function query(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}
