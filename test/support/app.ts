import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { calm } from './calm.ts'
import { createInbox, type Inbox } from './inbox.ts'
import { copyTemplate } from './stores/database-templates.ts'
import { createStartedDatabase, takeRedisDatabase } from './stores/server-database.ts'

/** Where a test application keeps its data: PGlite, or PostgreSQL and Redis. */
export type Backend = 'embedded' | 'servers'

/** The back-ends this machine can run; `npm test` says which are missing. */
export const backends: Backend[] =
  process.env.TEST_WITHOUT_POSTGRES || process.env.TEST_WITHOUT_REDIS ? ['embedded'] : ['embedded', 'servers']

/** What an application runs on when its test does not care: servers are quicker than a database in the same process. */
const usual = backends.at(-1) as Backend

export type TestApp = App & {
  issuer: string
  demo: string
  dataDir: string
  /** Where its data is, for another process such as the command line. */
  storage: { DATA_DIR: string; DATABASE_URL?: string; REDIS_URL?: string }
  inbox: Inbox
  /** Moves the clock of our own rules and runs what falls due (contract.md, `/dev/clock`). */
  advance(duration: string): Promise<void>
}

/**
 * Starts the whole application on free ports with data of its own; `close` removes everything. A machine that is busy with something else
 * is no overload of ours, unless `sheds`.
 */
export async function startTestApp(
  variables: Record<string, string> = {},
  backend: Backend = usual,
  { sheds = false, dearHashes = false } = {},
): Promise<TestApp> {
  const dataDir = await mkdtemp(join(tmpdir(), 'aok-'))
  if (backend === 'embedded' && !variables.DATABASE_URL) copyTemplate(dataDir, 'migrated')
  const servers = backend === 'servers' ? await createServers(dataDir) : undefined
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
  const app = await startApp(sheds ? config : calm(config, { dearHashes }))
  return {
    ...app,
    demo: `http://localhost:${app.demoPort}`,
    dataDir,
    storage: { DATA_DIR: dataDir, ...servers?.variables, ...variables },
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

/** A database and a numbered database of Redis of its own. */
async function createServers(dataDir: string) {
  const [database, redis] = [await createStartedDatabase(dataDir), await takeRedisDatabase()]
  return {
    variables: { DATABASE_URL: database.url, REDIS_URL: redis.url },
    drop: () => Promise.all([database.drop(), redis.drop()]),
  }
}
