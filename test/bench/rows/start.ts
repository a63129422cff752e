import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { start } from '../subjects/processes.ts'
import type { Subject } from '../subjects/revision.ts'
import { temporaryFolder } from '../subjects/storage.ts'
import { processorTime, residentMegabytes } from '../subjects/usage.ts'
import { type Bench, type Figure, inTurns, less, type Row } from './row.ts'

type Started = { seconds: number; processor: number; megabytes: number }

/** `npm start` with nothing set: the first time, and again on the same data. */
export const startRow: Row = {
  name: 'start',
  about: 'embedded start until the ready line, the first one and the next on the same data; memory two seconds later',
  needsServers: false,
  async measure({ subjects, cleanUps }: Bench): Promise<Figure[][]> {
    const folders = new Map<Subject, string>()
    for (const subject of subjects) folders.set(subject, await temporaryFolder(cleanUps))
    const results = await inTurns(2, subjects, (subject) => startEmbedded(subject, folders.get(subject) ?? ''))
    return results.map((starts) =>
      starts.flatMap(({ seconds, processor, megabytes }, turn) => [
        less(`${turn === 0 ? 'first' : 'second'} start`, seconds, 's'),
        less(`${turn === 0 ? 'first' : 'second'} start, processor time`, processor, 's'),
        less(`${turn === 0 ? 'first' : 'second'} start, resident`, megabytes, 'MB'),
      ]),
    )
  },
}

async function startEmbedded({ root }: Subject, dataDir: string): Promise<Started> {
  const variables = { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: '0', DEMO_PORT: '0', LOG_LEVEL: 'warn' }
  const begun = performance.now()
  const args = [join(root, 'src/main.ts')]
  const { child, stop } = await start(args, (text) => text.includes('"msg":"ready"'), variables, root)
  const seconds = (performance.now() - begun) / 1000
  const processor = processorTime(child.pid ?? 0) / 1000
  try {
    await wait(2000)
    return { seconds, processor, megabytes: residentMegabytes(child.pid, 'VmRSS') ?? Number.NaN }
  } finally {
    await stop()
  }
}
