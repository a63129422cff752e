import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { run } from '../../support/servers/processes.ts'

/** Ends the fault; `kind` tells what it was. */
export type FullDisk = { kind: 'disk full' | 'no right to write' | 'no folder'; end(): Promise<void> }

/**
 * Makes a folder that takes nothing more. As root a disk of one block is mounted over it; where that is not allowed, a file stands in its
 * place; for anybody else the right to write is taken away.
 */
export async function fillDisk(folder: string): Promise<FullDisk> {
  if (userInfo().uid !== 0) {
    chmodSync(folder, 0o555)
    return { kind: 'no right to write', end: async () => chmodSync(folder, 0o755) }
  }
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', folder]).then(
    () => true,
    () => false,
  )
  if (mounted) return { kind: 'disk full', end: async () => void (await run('umount', [folder])) }
  const away = `${folder}.away`
  renameSync(folder, away)
  writeFileSync(folder, '')
  return {
    kind: 'no folder',
    async end() {
      rmSync(folder)
      renameSync(away, folder)
    },
  }
}
