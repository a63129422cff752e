import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Config } from '../../src/config.ts'

// A machine that is busy with something else is no overload of ours; a test of shedding says so.
const shipped = fileURLToPath(new URL('../../config', import.meta.url))
const limits = readFileSync(join(shipped, 'limits.yaml'), 'utf8')
const never = 3_600_000
// Most of the time of a sign-in is its hash, which is made to be dear; only a test of time or of a crowd has an eye on that.
const cheap = { memoryKiB: 1024, iterations: 1 }

/** The settings without shedding by standstill and, unless `dearHashes`, with hashes of passwords that cost next to nothing. */
export function calm(config: Config, { dearHashes = false } = {}): Config {
  const { loadShedding, argon2 } = config.limits
  const eventLoopDelay = { begin: never, end: never - 1 }
  const knownBrowsers = { ...loadShedding.knownBrowsers, eventLoopDelay }
  return {
    ...config,
    limits: {
      ...config.limits,
      argon2: dearHashes ? argon2 : { ...argon2, ...cheap },
      loadShedding: { ...loadShedding, eventLoopDelay, knownBrowsers },
    },
  }
}

let folder: string | undefined

/** The same for a process of its own: a copy of the shipped settings, which goes with this process. */
export function calmConfigDir(): string {
  if (folder) return folder
  const made = mkdtempSync(join(tmpdir(), 'aok-calm-'))
  process.once('exit', () => rmSync(made, { recursive: true, force: true }))
  cpSync(shipped, made, { recursive: true })
  const calmed = limits
    .replaceAll(/eventLoopDelay: \{ begin: \d+, end: \d+ \}/g, `eventLoopDelay: { begin: ${never}, end: ${never - 1} }`)
    .replace(/memoryKiB: \d+/, `memoryKiB: ${cheap.memoryKiB}`)
    .replace(/iterations: \d+/, `iterations: ${cheap.iterations}`)
  writeFileSync(join(made, 'limits.yaml'), calmed)
  folder = made
  return made
}
