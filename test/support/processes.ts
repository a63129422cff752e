import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { postgresUrl } from './app.ts'
import { type Child, startChild } from './child.ts'

/** A database and a data folder for processes that a test starts, and ends together with them. */
export async function createProcessWorld() {
  const name = `aok_processes_${randomBytes(4).toString('hex')}`
  const dataDir = await mkdtemp(join(tmpdir(), 'aok-processes-'))
  await query(postgresUrl, `create database ${name}`)
  const url = Object.assign(new URL(postgresUrl), { pathname: `/${name}` }).href
  const children: Child[] = []
  return {
    dataDir,
    start(variables: Record<string, string> = {}, args: string[] = []): Child {
      const child = startChild({ DATABASE_URL: url, DATA_DIR: dataDir, ...variables }, args)
      children.push(child)
      return child
    },
    async close() {
      for (const child of children) {
        if (child.process.exitCode === null && child.process.signalCode === null) child.process.kill('SIGKILL')
        await child.ended
      }
      await query(postgresUrl, `drop database if exists ${name} with (force)`)
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}
