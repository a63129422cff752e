import { cpSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** Copies the shipped settings into `folder`, with the texts beside them as a start wants them; answers the CONFIG_DIR, to be changed. */
export function copyConfig(folder: string): string {
  const configDir = join(folder, 'config')
  cpSync(root('config'), configDir, { recursive: true })
  symlinkSync(root('locales'), join(folder, 'locales'))
  return configDir
}
