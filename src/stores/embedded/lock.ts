import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The data folder belongs to another living process. */
export class DataFolderInUse extends Error {
  constructor(dataDir: string, pid: number) {
    super(
      `The data folder ${dataDir} is in use by process ${pid}. Stop that process or set DATA_DIR to another folder.`,
    )
    this.name = 'DataFolderInUse'
  }
}

/** The data folder cannot be written. */
export class DataFolderUnusable extends Error {
  constructor(dataDir: string, cause: NodeJS.ErrnoException) {
    super(`The data folder ${dataDir} cannot be written (${cause.code}). Give this user the right to, or set DATA_DIR.`)
    this.name = 'DataFolderUnusable'
  }
}

/**
 * Takes the data folder for this process; a lock left by a dead process is replaced.
 * @returns the function that gives it back.
 * @throws DataFolderInUse, DataFolderUnusable
 */
export function lockDataFolder(dataDir: string): () => void {
  const path = join(dataDir, 'lock')
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    const owner = readOwner(path)
    if (owner && owner !== process.pid && isAlive(owner)) throw new DataFolderInUse(dataDir, owner)
    if (owner) rmSync(path, { force: true })
    writeFileSync(path, String(process.pid), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (error instanceof DataFolderInUse) throw error
    const cause = error as NodeJS.ErrnoException
    if (cause.code === 'EEXIST') throw new DataFolderInUse(dataDir, readOwner(path) ?? 0)
    throw new DataFolderUnusable(dataDir, cause)
  }
  return () => rmSync(path, { force: true })
}

function readOwner(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8')) || undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
