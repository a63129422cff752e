import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Subject } from './revision.ts'
import { residentMegabytes } from './usage.ts'

/** What a command answered, how long it took, start included, and how much memory it took at its highest (Linux). */
export type Ran = { report: Record<string, unknown>; seconds: number; megabytes: number }

/** Runs a command of the operator's command line. @throws Error when it does not end with 0 */
export async function runCommand({ root }: Subject, env: NodeJS.ProcessEnv, ...args: string[]): Promise<Ran> {
  const begun = performance.now()
  const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), ...args, '--json'], {
    env,
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  let megabytes = Number.NaN
  const watch = setInterval(() => {
    megabytes = residentMegabytes(child.pid, 'VmHWM') ?? megabytes
  }, 50)
  const [code] = await once(child, 'close')
  clearInterval(watch)
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${out}`)
  return { report: JSON.parse(out), seconds: (performance.now() - begun) / 1000, megabytes }
}
