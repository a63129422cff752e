import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as argon2 from 'argon2'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { withServices } from '../../src/cli/with-services.ts'
import { openDatabase } from '../../src/stores/database/database.ts'
import { writeMemberFile } from '../bench/member-file.ts'
import { bare } from '../support/machine/child.ts'
import { createServerDatabase } from '../support/stores/server-database.ts'
import { waitFor } from '../support/wait.ts'
import { createInstallation, runCommand } from './installation.ts'

vi.mock('argon2', async (load) => {
  const real = await load<typeof argon2>()
  return { ...real, hash: vi.fn(real.hash) }
})
vi.mock('node:fs', async (load) => {
  const real = await load<typeof import('node:fs')>()
  return { ...real, readFileSync: vi.fn(real.readFileSync) }
})

describe('a command', () => {
  let service: Awaited<ReturnType<typeof createInstallation>>
  /** Stands for Redis, the mail relay and an SMS gateway. */
  const outside = createServer((socket) => void socket.destroy())
  let connections = 0
  beforeAll(async () => {
    service = await createInstallation()
    await service.run(['db:migrate'])
    outside.on('connection', () => connections++)
    await once(outside.listen(0, '127.0.0.1'), 'listening')
  })
  afterAll(async () => {
    outside.close()
    await service.close()
  })
  beforeEach(() => {
    vi.mocked(argon2.hash).mockClear()
    vi.mocked(readFileSync).mockClear()
    connections = 0
  })

  it.each([['jobs:list'], ['audit:verify'], ['print-runs:list'], ['keys:status']])(
    'makes nothing dear for %s: no hash, no fonts, no texts, no connection to anything outside',
    async (command) => {
      const { port } = outside.address() as AddressInfo
      const variables = {
        DATA_DIR: service.dataDir,
        REDIS_URL: `redis://127.0.0.1:${port}`,
        SMTP_URL: `smtp://127.0.0.1:${port}`,
        SMS_DRIVER: 'http',
        SMS_GATEWAY_URL: `http://127.0.0.1:${port}/sms`,
      }
      expect(await service.run([command], { variables })).toMatchObject({ exitCode: 0, err: '' })
      const read = vi.mocked(readFileSync).mock.calls.map(([path]) => String(path))
      expect(read.filter((path) => /\.ttf$|locales|letters\/|common-passwords/.test(path))).toEqual([])
      expect(argon2.hash).not.toHaveBeenCalled()
      expect(connections).toBe(0)
    },
  )

  it('closes what it opened when its work fails', async () => {
    const failed = await service.run(['jobs:run', 'coffee'])
    expect(failed).toMatchObject({ exitCode: 2 })
    expect(await service.knex('key_holders')).toEqual([])
  })

  it('is ended when it paused for so long that its keys were retired meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const keys = () => service.knex('key_ring_keys')
    try {
      const io = { variables: { DATA_DIR: service.dataDir }, out() {}, err() {} }
      const ended = withServices(io, async () => {
        await service.knex('key_holders').delete()
        await keys().where({ ring: 'encryption' }).update({ retired_at: new Date() })
        const times = { first_seen_at: new Date(), writing_since: new Date() }
        await keys().insert({ ring: 'encryption', kid: 'fresh', fingerprint: 'x', ...times })
        vi.advanceTimersByTime(30_000)
        await new Promise(() => {})
      })
      await expect(ended).rejects.toThrow(/ENCRYPTION_KEYS lacks the key fresh/)
    } finally {
      vi.useRealTimers()
      await keys().where({ kid: 'fresh' }).delete()
      await keys().update({ retired_at: null })
    }
  })
})

it('closes what it opened when a signal ends it, and ends by that signal', async () => {
  const own = await createServerDatabase()
  const dataDir = await mkdtemp(join(tmpdir(), 'aok-signal-'))
  const { knex, close } = await openDatabase({ url: own.url, poolSize: 3 })
  try {
    const held = await knex.transaction()
    await held.raw('lock table job_runs in access exclusive mode')
    const child = spawn(process.execPath, ['src/cli/main.ts', 'jobs:list'], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...bare, DATABASE_URL: own.url, DATA_DIR: dataDir },
      stdio: 'ignore',
    })
    const ended = once(child, 'close')
    // It works under its keys, and waits for the table.
    await waitFor(() => knex('key_holders').first())
    await waitFor(async () => (await waiting(knex)) > 0)
    child.kill('SIGTERM')
    expect(await ended).toEqual([null, 'SIGTERM'])
    expect(await knex('key_holders')).toEqual([])
    await held.rollback()
  } finally {
    await close()
    await own.drop()
    await rm(dataDir, { recursive: true })
  }
})

it('lets the next import begin at once when a signal ends one, and says so', async () => {
  const own = await createServerDatabase()
  const dataDir = await mkdtemp(join(tmpdir(), 'aok-signal-'))
  const { knex, close } = await openDatabase({ url: own.url, poolSize: 3 })
  const file = join(dataDir, 'members.csv')
  try {
    await writeMemberFile(file, { count: 20_000 })
    const child = spawn(process.execPath, ['src/cli/main.ts', 'members:import', file], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...bare, DATABASE_URL: own.url, DATA_DIR: dataDir },
    })
    let err = ''
    child.stderr.on('data', (chunk) => {
      err += chunk
    })
    const ended = once(child, 'close')
    await waitFor(() => knex('member_import_leases').first(), 60)
    child.kill('SIGINT')
    expect(await ended).toEqual([null, 'SIGINT'])
    expect(err).toBe('Ended before it was done: import the same file again.\n')
    const small = join(dataDir, 'small.csv')
    await writeMemberFile(small, { count: 2 })
    const variables = { DATABASE_URL: own.url, DATA_DIR: dataDir }
    expect(await runCommand(['members:import', small], { variables })).toMatchObject({ exitCode: 0 })
    expect(await knex('member_import_rows')).toEqual([])
  } finally {
    await close()
    await own.drop()
    await rm(dataDir, { recursive: true })
  }
}, 120_000)

const waiting = async (knex: Awaited<ReturnType<typeof openDatabase>>['knex']): Promise<number> => {
  const { rows } = await knex.raw(
    "select count(*)::int as n from pg_locks where not granted and relation = 'job_runs'::regclass",
  )
  return rows[0].n
}
