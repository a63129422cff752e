import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { type Database, migrate, type OpenDatabase, openDatabase } from '../../src/stores/database.ts'

const serverUrl = process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'

async function openServer(): Promise<OpenDatabase> {
  const server = await openDatabase({ url: serverUrl, poolSize: 1 })
  const name = `test_${randomBytes(6).toString('hex')}`
  await server.knex.raw(`create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const database = await openDatabase({ url: url.href, poolSize: 10 })
  return {
    ...database,
    async close() {
      await database.close()
      await server.knex.raw(`drop database ${name} with (force)`)
      await server.close()
    },
  }
}

async function openEmbedded(): Promise<OpenDatabase> {
  const dataDir = mkdtempSync(join(tmpdir(), 'aok-'))
  const database = await openDatabase({ dataDir })
  return {
    ...database,
    async close() {
      await database.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** Declares the same tests for the embedded PostgreSQL and for a server, each with a fresh, migrated database. */
export function describeOnBoth(name: string, define: (database: () => Database) => void): void {
  describe.each([
    ['PGlite', openEmbedded],
    ['PostgreSQL', openServer],
  ] as const)(`${name} on %s`, (_, open) => {
    let database: OpenDatabase
    beforeAll(async () => {
      database = await open()
      await migrate(database.knex)
    }, 60_000)
    afterAll(() => database.close())
    define(() => database.knex)
  })
}
