import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A process of the benchmark and the first line of its output that `isReady` accepted. */
export type Started = { line: string; child: ChildProcess; stop(): Promise<void> }

/** Starts a program of this project on the same Node and waits, at most two minutes, until it says that it is ready. */
export async function start(
  args: string[],
  isReady: (line: string) => boolean,
  env: NodeJS.ProcessEnv = process.env,
  cwd = process.cwd(),
): Promise<Started> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env, cwd })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }
  const line = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${args.join(' ')} is not ready after two minutes`)), 120_000)
    createInterface({ input: child.stdout! }).on('line', (text) => isReady(text) && resolve(text))
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}`)))
    child.once('exit', () => clearTimeout(timer))
    child.stdout?.once('close', () => clearTimeout(timer))
    timer.unref()
  }).catch(async (error) => {
    await stop()
    throw error
  })
  return { line, child, stop }
}
