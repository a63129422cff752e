import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** The data folder belongs to another living process. */
export class DataFolderInUse extends Error {
  constructor(dataDir: string, holder: string) {
    super(`The data folder ${dataDir} is in use by ${holder}. Stop that process or set DATA_DIR to another folder.`)
    this.name = 'DataFolderInUse'
  }
}

/** The data folder cannot be written. */
export class DataFolderUnusable extends Error {
  constructor(dataDir: string, { code, message }: NodeJS.ErrnoException) {
    super(
      `The data folder ${dataDir} cannot be written (${code ?? message}). Give this user the right to, or set DATA_DIR.`,
    )
    this.name = 'DataFolderUnusable'
  }
}

/** Result code of SQLite for a lock that somebody else holds (https://sqlite.org/rescode.html#busy). */
const busy = 5

/**
 * Milliseconds to try: of processes that start at once each may see the others' tries as a holder, and one that is being
 * replaced may need a moment to end.
 */
const patience = 2000

/** Referred to from here, because a connection that is collected gives its lock up in silence. */
const held = new Set<DatabaseSync>()

/**
 * Takes the data folder for this process until it gives it back or ends, in whatever way. The lock is one of the operating
 * system (fcntl, which Node reaches through SQLite), so it holds between containers and never outlives its holder; a process
 * number in a file does neither.
 * @returns the function that gives it back.
 * @throws DataFolderInUse, DataFolderUnusable
 */
export function lockDataFolder(dataDir: string): () => void {
  const holderPath = join(dataDir, 'holder')
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    const lock = takeLock(join(dataDir, 'lock.sqlite'))
    if (!lock) throw new DataFolderInUse(dataDir, readHolder(holderPath))
    // For the message of whoever comes second, and for people who look into the folder: it decides nothing.
    writeFileSync(holderPath, `process ${process.pid} on ${hostname()}`, { mode: 0o600 })
    held.add(lock)
    return () => {
      rmSync(holderPath, { force: true })
      held.delete(lock)
      lock.close()
    }
  } catch (error) {
    if (error instanceof DataFolderInUse) throw error
    throw new DataFolderUnusable(dataDir, error as NodeJS.ErrnoException)
  }
}

/**
 * An open exclusive transaction on an empty database; undefined when somebody else has one. The file is never removed: a
 * new one would be another lock.
 */
function takeLock(path: string): DatabaseSync | undefined {
  const database = new DatabaseSync(path, { timeout: patience })
  try {
    database.exec('begin exclusive')
    return database
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode === busy) return undefined
    throw error
  }
}

function readHolder(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim() || 'another process'
  } catch {
    return 'another process'
  }
}
