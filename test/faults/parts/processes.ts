import { type Child, startChild } from '../../support/machine/child.ts'

export const processNames = ['web-1', 'web-2', 'worker'] as const
export type ProcessName = (typeof processNames)[number]

export type Processes = Awaited<ReturnType<typeof startProcesses>>

/** Starts two web processes and one worker; `changed` hears of the ports of web processes whenever one comes or goes. */
export async function startProcesses(variables: Record<string, string>, changed: (ports: number[]) => void) {
  const running = new Map<ProcessName, Child>()
  const ports = new Map<ProcessName, number>()
  /** Log lines of processes that ended. */
  const past: string[] = []
  const tell = () => changed([...ports].filter(([name]) => name !== 'worker').map(([, port]) => port))
  const start = async (name: ProcessName) => {
    const child = startChild({ ...variables, ROLE: name === 'worker' ? 'worker' : 'web' })
    running.set(name, child)
    ports.set(name, (await child.ready).port)
    tell()
  }
  const end = async (name: ProcessName, signal: NodeJS.Signals) => {
    const child = running.get(name)
    if (!child) return
    running.delete(name)
    child.process.kill(signal)
    await child.ended
    past.push(child.out(), child.err())
    ports.delete(name)
    tell()
  }
  // The first one brings the schema up to date.
  for (const name of processNames) await start(name)
  return {
    start,
    kill: (name: ProcessName) => end(name, 'SIGKILL'),
    portOf: (name: ProcessName) => ports.get(name),
    /** All that the processes have written to their logs. */
    log: () => [...past, ...[...running.values()].flatMap((child) => [child.out(), child.err()])].join('\n'),
    async stop() {
      await Promise.all(processNames.map((name) => end(name, 'SIGKILL')))
    },
  }
}
