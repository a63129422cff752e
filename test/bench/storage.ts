import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'

/** Where the application under measurement keeps its data: fresh, and gone after `drop`. */
export type Storage = { name: string; variables: Record<string, string>; drop(): Promise<void> }

/** The server on which benchmarks create databases of their own. */
export const postgresUrl = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
const redisUrl = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379/15'

/** Takes PostgreSQL and Redis when both answer (DATABASE_URL, REDIS_URL, or the usual addresses), else the embedded database. */
export async function createStorage(): Promise<Storage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-'))
  const removeFolder = () => rm(dataDir, { recursive: true, force: true })
  const servers = await createDatabases()
  if (!servers) return { name: 'embedded', variables: { DATA_DIR: dataDir }, drop: removeFolder }
  return {
    name: 'PostgreSQL + Redis',
    variables: { DATA_DIR: dataDir, DATABASE_URL: servers.url, REDIS_URL: redisUrl },
    drop: async () => {
      await servers.drop()
      await removeFolder()
    },
  }
}

async function createDatabases() {
  const redis = new Redis(redisUrl, { lazyConnect: true, maxRetriesPerRequest: 1, retryStrategy: () => null })
  redis.on('error', () => {})
  const name = `bench_${randomBytes(6).toString('hex')}`
  try {
    await redis.connect()
    if ((await redis.dbsize()) > 0) throw new Error(`${redisUrl} is not empty; set REDIS_URL to an empty database`)
    await onServer(`create database ${name}`)
  } catch (error) {
    redis.disconnect()
    console.log(`Without PostgreSQL and Redis: ${(error as Error).message || (error as NodeJS.ErrnoException).code}`)
    return undefined
  }
  const url = new URL(postgresUrl)
  url.pathname = `/${name}`
  return {
    url: url.href,
    drop: async () => {
      await onServer(`drop database if exists ${name} with (force)`)
      await redis.flushdb()
      redis.disconnect()
    },
  }
}

/** Runs one statement on the server of the benchmarks. */
export async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}
