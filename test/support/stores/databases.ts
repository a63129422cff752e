import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { type Database, type OpenDatabase, openDatabase } from '../../../src/stores/database/database.ts'
import { copyTemplate, postgresUrl } from './database-templates.ts'
import { createServerDatabase } from './server-database.ts'

const withoutServer = process.env.TEST_WITHOUT_POSTGRES === 'true'
const quick = process.env.TEST_QUICK === 'true'

/** Opens a fresh database on the PostgreSQL server; closing drops it. */
async function openServer(): Promise<OpenDatabase> {
  const { url, drop } = await createServerDatabase()
  const database = await openDatabase({ url, poolSize: 16 })
  return {
    ...database,
    async close() {
      await database.close()
      await drop()
    },
  }
}

async function openEmbedded(): Promise<OpenDatabase> {
  const dataDir = mkdtempSync(join(tmpdir(), 'aok-'))
  copyTemplate(dataDir, 'migrated')
  const database = await openDatabase({ dataDir })
  return {
    ...database,
    async close() {
      await database.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

type Define = (database: () => Database) => void

function suite(open: () => Promise<OpenDatabase>, define: Define): () => void {
  return () => {
    let database: OpenDatabase | undefined
    beforeAll(async () => {
      database = await open()
    })
    afterAll(() => database?.close())
    define(() => (database as OpenDatabase).knex)
  }
}

/**
 * Declares the same tests for the embedded PostgreSQL and for a server, each with a fresh, migrated database: the contracts of
 * stores. The quick lane asks the server alone.
 */
export function describeOnBoth(name: string, define: Define): void {
  if (!quick) describe(`${name} on PGlite`, suite(openEmbedded, define))
  describeOnServer(name, define)
}

/** Declares tests of what stands above the stores: once, on the server, or on the embedded PostgreSQL where there is none. */
export function describeOnDatabase(name: string, define: Define): void {
  describe(name, suite(withoutServer ? openEmbedded : openServer, define))
}

/** Declares tests for a server only: the embedded database runs one statement at a time, so nothing can race there. */
export function describeOnServer(name: string, define: Define): void {
  describe.skipIf(withoutServer)(`${name} on PostgreSQL`, suite(openServer, define))
}

/** Does the same 16 times at once and gives the results. */
export function sixteenTimes<T>(work: (n: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: 16 }, (_, n) => work(n)))
}

/** The URL of a test's database on the server, for another process. */
export async function urlOf(database: Database): Promise<string> {
  const { rows } = await database.raw('select current_database() as name')
  return Object.assign(new URL(postgresUrl), { pathname: `/${rows[0].name}` }).href
}
