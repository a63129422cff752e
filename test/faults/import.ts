import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import type { Database } from '../../src/stores/database.ts'
import { bare } from '../support/child.ts'

/** Starts `members:import` in a process of its own. */
export function startImport(file: string, variables: Record<string, string>, args: string[] = []): ChildProcess {
  return spawn(process.execPath, ['src/cli/main.ts', 'members:import', file, '--json', ...args], {
    env: { ...bare, LOG_LEVEL: 'silent', ...variables },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

/** Waits for the end of an import and gives its exit code, and its report. */
export async function awaitImport(child: ChildProcess) {
  let out = ''
  child.stdout?.on('data', (chunk) => {
    out += chunk
  })
  const [exitCode] = await once(child, 'close')
  return { exitCode: exitCode as number | null, report: JSON.parse(out || '{}') }
}

/** Waits until an import holds the register, or has ended. */
export async function awaitLease(database: Database, child: ChildProcess): Promise<void> {
  while (child.exitCode === null && !(await database('member_import_leases').first())) await wait(5)
}

/** Lets a lease of a killed import run out at once, which takes a minute otherwise. */
const endLease = (database: Database) =>
  database('member_import_leases').update({ busy_until: database.raw("clock_timestamp() - interval '1 second'") })

/**
 * Kills imports of a file with SIGKILL, each at a random moment of its work (milliseconds after it took the register).
 * Gives how many were killed while they worked; the others had ended before.
 */
export async function killImports(
  database: Database,
  start: () => ChildProcess,
  { times, within }: { times: number; within: number },
): Promise<number> {
  let killed = 0
  for (let turn = 0; turn < times; turn++) {
    const child = start()
    const ended = once(child, 'close')
    await awaitLease(database, child)
    await wait(Math.random() * within)
    child.kill('SIGKILL')
    if ((await ended)[1] === 'SIGKILL') killed++
    await endLease(database)
  }
  return killed
}
