import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { execPath } from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import type { Database } from '../../src/stores/database/database.ts'
import { bare } from '../support/machine/child.ts'

/** A running `members:import`; `ended` gives its exit code (null when it was killed) and its report. */
export type RunningImport = {
  process: ChildProcess
  ended: Promise<{ exitCode: number | null; report: Record<string, unknown> }>
}

/** Starts `members:import` in a process of its own. */
export function startImport(file: string, variables: Record<string, string>, args: string[] = []): RunningImport {
  const process = spawn(execPath, ['src/cli/main.ts', 'members:import', file, '--json', ...args], {
    env: { ...bare, LOG_LEVEL: 'silent', ...variables },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let out = ''
  process.stdout.on('data', (chunk) => {
    out += chunk
  })
  const ended = once(process, 'close').then(([exitCode]) => ({
    exitCode,
    report: exitCode === null ? {} : JSON.parse(out || '{}'),
  }))
  return { process, ended }
}

/** Waits until an import holds the register, or has ended. */
export async function awaitLease(database: Database, { process }: RunningImport): Promise<void> {
  while (process.exitCode === null && !(await database('member_import_leases').first())) await wait(5)
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
  start: () => RunningImport,
  { times, within }: { times: number; within: number },
): Promise<number> {
  let killed = 0
  for (let turn = 0; turn < times; turn++) {
    const running = start()
    await awaitLease(database, running)
    await wait(Math.random() * within)
    running.process.kill('SIGKILL')
    if ((await running.ended).exitCode === null) killed++
    await endLease(database)
  }
  return killed
}
