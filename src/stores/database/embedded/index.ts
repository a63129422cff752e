import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { StartUpError } from '../../../errors.ts'
import { DataFolderInUse, DataFolderUnusable, lockDataFolder } from './lock.ts'
import { makeDatabase } from './new-database.ts'

/** Unix socket paths end at 108 bytes (unix(7)). */
const longestSocketPath = 104

/** The embedded PostgreSQL of a data folder: where it listens, and how it ends. */
export type EmbeddedPostgres = { socketDir: string; close(): Promise<void> }

/** Folder in which node-postgres finds the socket `.s.PGSQL.5432`. */
function socketDirOf(dataDir: string): string {
  return join(resolve(dataDir), 'run')
}

const socketPathOf = (dataDir: string) => join(socketDirOf(dataDir), '.s.PGSQL.5432')

/**
 * Starts PGlite on `dataDir` in a worker thread behind a Unix socket in the folder.
 * @throws DataFolderInUse, DataFolderUnusable; StartUpError when the socket's path would be too long.
 */
export async function startEmbeddedPostgres(dataDir: string): Promise<EmbeddedPostgres> {
  const socketPath = socketPathOf(dataDir)
  if (Buffer.byteLength(socketPath) > longestSocketPath)
    throw new StartUpError(
      `The path of the data folder ${resolve(dataDir)} is too long. Set DATA_DIR to a shorter one.`,
    )
  const unlock = lockDataFolder(dataDir)
  try {
    // A version that knows another lock, or none.
    if (await findRunningPostgres(dataDir)) throw new DataFolderInUse(dataDir, 'another process')
    rmSync(socketPath, { force: true })
    compileOnce()
    const workerData = { dataDir: join(resolve(dataDir), 'postgres'), socketPath }
    await makeDatabase(workerData.dataDir)
    const worker = new Worker(new URL('./server.ts', import.meta.url), { workerData })
    await once(worker, 'message')
    return {
      socketDir: dirname(socketPath),
      async close() {
        const stopped = once(worker, 'exit')
        worker.postMessage('stop')
        await stopped
        unlock()
      },
    }
  } catch (error) {
    unlock()
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EACCES' || code === 'EROFS' || code === 'ENOSPC')
      throw new DataFolderUnusable(dataDir, error as NodeJS.ErrnoException)
    throw error
  }
}

/**
 * Keeps V8 from compiling the WebAssembly of PostgreSQL a second time, optimised: that takes 2 s of processor time and, for its
 * largest function, 500 MB at each start, and statements of development become no quicker by it.
 */
function compileOnce(): void {
  for (const flag of ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag)
}

/**
 * Joins the embedded PostgreSQL that another process serves from `dataDir`, or starts it when nobody does. Whoever holds
 * the folder without serving it yet is just starting, or ending.
 * @throws as `startEmbeddedPostgres`
 */
export async function joinEmbeddedPostgres(dataDir: string): Promise<EmbeddedPostgres> {
  for (let tries = 5; ; tries--) {
    const running = await findRunningPostgres(dataDir)
    if (running) return { socketDir: running, async close() {} }
    try {
      return await startEmbeddedPostgres(dataDir)
    } catch (error) {
      if (!(error instanceof DataFolderInUse) || tries === 0) throw error
      await setTimeout(200)
    }
  }
}

/** Finds the socket of an embedded PostgreSQL that another process already serves from `dataDir`. */
async function findRunningPostgres(dataDir: string): Promise<string | undefined> {
  const socket = connect(socketPathOf(dataDir))
  try {
    await once(socket, 'connect')
    return socketDirOf(dataDir)
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}
