import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestApp } from '../app.ts'
import { calmConfigDir } from '../calm.ts'
import { createInbox } from '../inbox.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** The environment of a process that has no settings. What it compiled is kept: the next one starts in half the time. */
export const bare = {
  PATH: process.env.PATH,
  NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compiled'),
}

export type Child = {
  process: ChildProcess
  out(): string
  err(): string
  /** Exit code, or the signal that ended it. */
  ended: Promise<number | string>
  /** The ready line; rejects when the process ends before it. */
  ready: Promise<{ msg: string; issuer: string; port: number; demoPort: number }>
}

/**
 * Starts `node src/main.ts` of a folder with nothing in its environment but `variables`, PATH and free ports; `within`: the program
 * that starts it, with its arguments.
 */
export function startChild(
  variables: Record<string, string>,
  args: string[] = [],
  cwd = root,
  within: readonly string[] = [],
): Child {
  const [program = '', ...rest] = [...within, process.execPath, 'src/main.ts', ...args]
  const child = spawn(program, rest, {
    cwd,
    env: { ...bare, PORT: '0', DEMO_PORT: '0', ...(cwd === root && { CONFIG_DIR: calmConfigDir() }), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  const ready = new Promise<Awaited<Child['ready']>>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      out += chunk
      const line = out.split('\n').find((each) => each.includes('"msg":"ready"'))
      if (line && out.includes(`${line}\n`)) resolve(JSON.parse(line))
    })
    ended.then((code) => reject(new Error(`ended with ${code} before it was ready: ${err}`)))
  })
  ready.catch(() => {})
  return { process: child, out: () => out, err: () => err, ended, ready }
}

/** What the steps of `walk.ts` need, for an application in a process of its own. */
export function toApp(ready: Awaited<Child['ready']>, dataDir: string): TestApp {
  return {
    issuer: ready.issuer,
    port: ready.port,
    demoPort: ready.demoPort,
    demo: `http://localhost:${ready.demoPort}`,
    dataDir,
    storage: { DATA_DIR: dataDir },
    inbox: createInbox(ready.issuer),
    advance: async () => {},
    close: async () => {},
  }
}
