import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { inject } from 'vitest'
import { onServer, postgresUrl, startedTemplate } from './database-templates.ts'

const redisUrl = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379'

/** Something of a test's own on a server that is there; `drop` takes it away. */
export type Own = { url: string; drop(): Promise<void> }

/** Creates a database on the server; `empty`: without the schema. */
export async function createServerDatabase(kind: 'migrated' | 'empty' = 'migrated'): Promise<Own> {
  return await copyOf(kind === 'empty' ? 'template1' : (inject('serverTemplate') ?? ''))
}

/** Creates a database in which the application has started before, with its secrets in `dataDir`. */
export async function createStartedDatabase(dataDir: string): Promise<Own> {
  // The whole application, which most who want a database do not need.
  const { copyStarted } = await import('../started-template.ts')
  const migrated = inject('serverTemplate') ?? ''
  await copyStarted(migrated, startedTemplate(migrated), dataDir)
  return await copyOf(startedTemplate(migrated))
}

async function copyOf(template: string): Promise<Own> {
  const name = `aok_test_${randomBytes(6).toString('hex')}`
  await onServer(`create database ${name} template ${template}`)
  // What a test leaves dies with it: no commit waits for the disk.
  await onServer(`alter database ${name} set synchronous_commit = off`)
  const url = Object.assign(new URL(postgresUrl), { pathname: `/${name}` }).href
  return { url, drop: () => onServer(`drop database if exists ${name} with (force)`) }
}

/** Takes one of the numbered databases of Redis, empty, that no other test has; a test that died gives it back after ten minutes. */
export async function takeRedisDatabase(): Promise<Own> {
  const owners = new Redis(redisUrl)
  try {
    for (let number = 1; number < 16; number++) {
      const owner = `aok-test-owner:${number}`
      if (!(await owners.set(owner, process.pid, 'EX', 600, 'NX'))) continue
      const url = Object.assign(new URL(redisUrl), { pathname: `/${number}` }).href
      const empty = () => onRedis(url, (client) => client.flushdb())
      await empty()
      return {
        url,
        async drop() {
          await empty()
          await onRedis(redisUrl, (client) => client.del(owner))
        },
      }
    }
  } finally {
    await owners.quit()
  }
  throw new Error('no database of Redis is free: 15 tests use one each, or died within the last ten minutes')
}

async function onRedis(url: string, work: (client: Redis) => Promise<unknown>): Promise<void> {
  const client = new Redis(url)
  await work(client)
  await client.quit()
}
