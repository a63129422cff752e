import { execFile } from 'node:child_process'
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const program = fileURLToPath(new URL('./initdb.ts', import.meta.url))

/**
 * Makes an empty database in a folder that has none, whole or not at all. In a process of its own: PGlite runs initdb in a second
 * database in memory, and 200 MB of what that takes would stay with this process.
 */
export async function makeDatabase(folder: string): Promise<void> {
  if (existsSync(join(folder, 'PG_VERSION'))) return
  const parent = dirname(folder)
  const unfinished = `${basename(folder)}.new-`
  for (const name of readdirSync(parent))
    if (name.startsWith(unfinished)) rmSync(join(parent, name), { recursive: true, force: true })
  const made = join(parent, `${unfinished}${process.pid}`)
  await promisify(execFile)(process.execPath, ['--liftoff-only', program, made]).then(
    () => renameSync(made, folder),
    // The server makes one where there is none, and tells why it cannot.
    () => {},
  )
}
