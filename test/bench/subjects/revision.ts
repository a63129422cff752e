import { execFile } from 'node:child_process'
import { readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { CleanUps } from './clean-ups.ts'
import { temporaryFolder } from './storage.ts'

/** What is measured: this working tree, or another revision of it. `root`: where its sources lie. */
export type Subject = { name: string; root: string }

const run = promisify(execFile)

/** The working tree that this benchmark belongs to. */
export const thisTree = join(import.meta.dirname, '../../..')

/**
 * Checks a revision out into a temporary folder, with the packages of its own lock file: this tree's where the lock is the same.
 * @throws Error when git does not know the revision
 */
export async function checkOut(revision: string, cleanUps: CleanUps): Promise<Subject> {
  const git = (...args: string[]) => run('git', ['-C', thisTree, ...args])
  const { stdout } = await git('rev-parse', '--short', '--verify', `${revision}^{commit}`)
  const name = stdout.trim()
  const root = join(await temporaryFolder(cleanUps), 'tree')
  cleanUps.add(() => git('worktree', 'remove', '--force', root))
  await git('worktree', 'add', '--detach', root, name)
  const lockOf = (tree: string) => readFile(join(tree, 'package-lock.json'), 'utf8')
  if ((await lockOf(root)) === (await lockOf(thisTree)))
    await symlink(join(thisTree, 'node_modules'), join(root, 'node_modules'))
  else await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root })
  return { name, root }
}
