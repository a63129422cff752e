import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServerDatabase } from '../stores/server-database.ts'
import { type Child, startChild } from './child.ts'

/** A database and a data folder for processes that a test starts, and ends together with them. */
export async function createProcessWorld() {
  const dataDir = await mkdtemp(join(tmpdir(), 'aok-processes-'))
  const database = await createServerDatabase()
  const children: Child[] = []
  return {
    dataDir,
    start(variables: Record<string, string> = {}, args: string[] = []): Child {
      const child = startChild({ DATABASE_URL: database.url, DATA_DIR: dataDir, ...variables }, args)
      children.push(child)
      return child
    },
    async close() {
      for (const child of children) {
        if (child.process.exitCode === null && child.process.signalCode === null) child.process.kill('SIGKILL')
        await child.ended
      }
      await database.drop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
