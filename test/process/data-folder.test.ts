import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadDevelopmentSecrets } from '../../src/config/development-secrets.ts'
import { makeDatabase } from '../../src/stores/database/embedded/new-database.ts'
import { type Child, startChild } from '../support/machine/child.ts'
import { ownProcessNumbers } from '../support/machine/programs.ts'
import { copyTemplate } from '../support/stores/database-templates.ts'

const root = join(import.meta.dirname, '../..')
const holderPath = join(root, 'test/support/stores/holder.ts')
const secretsPath = join(root, 'src/config/development-secrets.ts')

let dataDir: string
const running: ChildProcess[] = []
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'aok-folder-'))
})
afterEach(async () => {
  for (const child of running.splice(0)) await end(child)
  rmSync(dataDir, { recursive: true, force: true })
})

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'exit')
  child.kill('SIGKILL')
  await closed
}

/** A process that tries to take the folder and stays; answers what it says. */
async function hold(...args: string[]): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, ['--expose-gc', holderPath, dataDir, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  running.push(child)
  const [said] = await once(child.stdout as NodeJS.ReadableStream, 'data')
  return { child, said: String(said).trim() }
}

describe('the lock of the data folder', () => {
  it('goes to one of 16 at once, and to one of the next 16 when that one was killed', async () => {
    for (let round = 0; round < 2; round++) {
      const all = await Promise.all(Array.from({ length: 16 }, () => hold()))
      const winners = all.filter(({ said }) => said === 'got it')
      expect(winners).toHaveLength(1)
      expect(new Set(all.map(({ said }) => said))).toEqual(new Set(['got it', 'DataFolderInUse']))
      for (const { child } of all) await end(child)
    }
  })

  it('ends when it is given back', async () => {
    const first = await hold()
    first.child.stdin?.end()
    await once(first.child, 'exit')
    expect((await hold()).said).toBe('got it')
  })

  it('holds as long as the process, whoever still refers to it', async () => {
    expect((await hold('forget')).said).toBe('got it')
    expect((await hold()).said).toBe('DataFolderInUse')
  })

  it.each(['lock', 'holder'])('is not moved by a file that names a living process (%s)', async (name) => {
    writeFileSync(join(dataDir, name), String(process.pid))
    expect((await hold()).said).toBe('got it')
  })
})

it('16 first starts at once agree on the secrets of the folder', async () => {
  const script = `const { loadDevelopmentSecrets } = await import(${JSON.stringify(secretsPath)})
    process.stdin.on('end', () => console.log(JSON.stringify(loadDevelopmentSecrets(${JSON.stringify(dataDir)})))).resume()`
  const children = Array.from({ length: 16 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  running.push(...children)
  const told = children.map(async (child) => String((await once(child.stdout, 'data'))[0]).trim())
  for (const child of children) child.stdin.end()
  expect(new Set(await Promise.all(told))).toEqual(new Set([JSON.stringify(loadDevelopmentSecrets(dataDir))]))
})

describe('a service on a folder', () => {
  const services: Child[] = []
  const start = (program?: string[]) => {
    const child = startChild({ DATA_DIR: dataDir }, [], root, program)
    services.push(child)
    return child
  }
  beforeEach(() => copyTemplate(dataDir, 'migrated'))
  afterEach(async () => {
    for (const { process: child, ended } of services.splice(0)) {
      child.kill('SIGKILL')
      await ended
    }
  })

  it('that another version serves without this lock is refused', async () => {
    mkdirSync(join(dataDir, 'run'))
    const other = createServer().listen(join(dataDir, 'run/.s.PGSQL.5432'))
    await once(other, 'listening')
    const second = start()
    expect(await second.ended).toBe(1)
    expect(second.err()).toMatch(/^The data folder \S+ is in use by another process\. .*DATA_DIR.*\n$/)
    other.close()
  })

  it.skipIf(!ownProcessNumbers)(
    'is alone, also where every service is process 1; a killed one is followed',
    async () => {
      const apart = ownProcessNumbers as string[]
      const first = start(apart)
      await first.ready
      const second = start(apart)
      expect(await second.ended).toBe(1)
      expect(second.err()).toMatch(/in use by process 1 on \S+\. .*DATA_DIR/)
      first.process.kill('SIGKILL')
      await first.ended
      await start(apart).ready
    },
  )
})

describe('the first database of a folder', () => {
  it('comes whole, and sweeps what an interrupted start has left', async () => {
    mkdirSync(join(dataDir, 'postgres.new-1/base'), { recursive: true })
    const folder = join(dataDir, 'postgres')
    const making = makeDatabase(folder)
    expect(existsSync(folder)).toBe(false)
    await making
    expect(existsSync(join(folder, 'PG_VERSION'))).toBe(true)
    expect(readdirSync(dataDir)).toEqual(['postgres'])
  })
})
