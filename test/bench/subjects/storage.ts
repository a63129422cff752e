import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { CleanUps } from './clean-ups.ts'

/** Where an application under measurement keeps its data; `servers` is unset where it is embedded. */
export type Storage = { variables: Record<string, string>; servers?: { postgres: string; redis: string } }

/** The server on which benchmarks create databases of their own. */
export const postgresUrl = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
const redisUrl = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379/15'

/** A folder that is gone in the end. */
export async function temporaryFolder(cleanUps: CleanUps): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'))
  cleanUps.add(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Tells whether PostgreSQL and Redis answer (DATABASE_URL, REDIS_URL, or the usual addresses), and why not. */
export async function haveServers(): Promise<true | string> {
  try {
    await onServer('select 1')
    await withRedis(redisUrl, (redis) => redis.ping())
    return true
  } catch (error) {
    return (error as Error).message || String((error as NodeJS.ErrnoException).code)
  }
}

/** Makes a database on the server that is gone in the end; answers its address. */
export async function createDatabase(cleanUps: CleanUps): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `bench_${randomBytes(6).toString('hex')}`
  const drop = cleanUps.add(() => onServer(`drop database if exists ${name} with (force)`))
  await onServer(`create database ${name}`)
  return { url: Object.assign(new URL(postgresUrl), { pathname: `/${name}` }).href, drop }
}

/**
 * Makes room for an application: a database of its own and a numbered one of Redis, or a folder only (`embedded`). The n-th application
 * takes the n-th database of Redis below the one of REDIS_URL.
 * @throws Error when that one is not empty
 */
export async function createStorage(cleanUps: CleanUps, { embedded = false, index = 0 } = {}): Promise<Storage> {
  const dataDir = await temporaryFolder(cleanUps)
  if (embedded) return { variables: { DATA_DIR: dataDir } }
  const redis = new URL(redisUrl)
  redis.pathname = `/${Number(redis.pathname.slice(1) || 0) - index}`
  if ((await withRedis(redis.href, (client) => client.dbsize())) > 0)
    throw new Error(`${redis.href} is not empty; set REDIS_URL to an empty database with empty ones below it`)
  cleanUps.add(() => withRedis(redis.href, (client) => client.flushdb()))
  const { url } = await createDatabase(cleanUps)
  const servers = { postgres: url, redis: redis.href }
  return { variables: { DATA_DIR: dataDir, DATABASE_URL: url, REDIS_URL: redis.href }, servers }
}

async function withRedis<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 1, retryStrategy: () => null })
  redis.on('error', () => {})
  await redis.connect()
  return await work(redis).finally(() => redis.disconnect())
}

/** Runs one statement on the server of the benchmarks, or on another. */
export async function onServer(sql: string, url = postgresUrl): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}
