import { randomBytes } from 'node:crypto'
import { type FileHandle, lstat, open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { StartUpError } from '../errors.ts'

/** Writes a secret into a new file that only its owner reads. @throws StartUpError when the file is there already. */
export async function writeNewSecret(path: string, secret: string): Promise<void> {
  try {
    await writeAndSync(await open(path, 'wx', 0o600), secret)
  } catch (error) {
    throw new StartUpError(
      `${path} cannot be written (${(error as NodeJS.ErrnoException).code}). Name a file that does not exist.`,
    )
  }
}

/**
 * Replaces the content of a file of secrets at once: whoever reads it sees the old content or the new one, also after a crash.
 * Rights and owner stay.
 * @throws StartUpError when the content is not `expected` any more, or the file is none of this machine's own.
 */
export async function replaceSecret(path: string, expected: string, secret: string): Promise<void> {
  if ((await lstat(path)).isSymbolicLink())
    throw new StartUpError(
      `${path} is a link into a store of secrets. Change it there: --out writes the new value to a file.`,
    )
  if ((await readFile(path, 'utf8')).trim() !== expected)
    throw new StartUpError(`${path} has changed meanwhile. Look at keys:status and try again.`)
  const { mode, uid, gid } = await stat(path)
  const temporary = join(dirname(path), `.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(temporary, 'wx', 0o600)
    await file.chmod(mode & 0o777)
    // Only root may give a file away; anybody else owns it already or could not have read it.
    if (process.getuid?.() === 0) await file.chown(uid, gid)
    await writeAndSync(file, `${secret}\n`)
    await rename(temporary, path)
    const folder = await open(dirname(path))
    await folder.sync().finally(() => folder.close())
  } catch (error) {
    await unlink(temporary).catch(() => {})
    const { code } = error as NodeJS.ErrnoException
    throw new StartUpError(
      `${path} cannot be replaced (${code}). Change it by hand: --out writes the new value to a file.`,
    )
  }
}

async function writeAndSync(file: FileHandle, text: string): Promise<void> {
  await file.writeFile(text)
  await file.sync().finally(() => file.close())
}
