import type { Logger } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createHealthChecks } from '../../src/app/web/health-checks.ts'
import { StartUpError } from '../../src/errors.ts'
import { startKeyWatch } from '../../src/jobs/key-watch.ts'
import { createHealth } from '../../src/process/health.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A process whose next sign of life is answered by `fault`. */
async function startProcess() {
  const world = { fault: undefined as Error | undefined, log: [] as string[] }
  const note = (_detail: object, line: string) => void world.log.push(line)
  const log = { info: note, error: note } as unknown as Logger
  const beat = async () => {
    if (world.fault) throw world.fault
  }
  const provider = { kids: [], refresh: async () => false }
  const watch = await startKeyWatch({ keyRings: { beat }, provider, pollSeconds: 1, log })
  const { heldKeys } = createHealthChecks({ services: { stores: { messages: {} } }, heldKeys: watch.check } as never)
  const status = async () => {
    await vi.advanceTimersByTimeAsync(2000)
    const ctx = { path: '/health/ready', status: 0, body: {}, set() {} }
    const health = createHealth({ heldKeys } as never, { warn() {} })
    await health.middleware(ctx as never, async () => {})
    return ctx.status
  }
  return Object.assign(world, { status, stop: watch.stop })
}

it('takes a process out whose keys were retired while it paused, until they fit again', async () => {
  const process = await startProcess()
  expect(await process.status()).toBe(200)
  process.fault = new StartUpError('ENCRYPTION_KEYS lacks the key k2')
  expect(await process.status()).toBe(503)
  expect(process.log).toContain('the keys of this process fit no more: it is not ready')
  process.fault = undefined
  expect(await process.status()).toBe(200)
  await process.stop()
})

it('leaves a process in whose database does not answer for a moment', async () => {
  const process = await startProcess()
  process.fault = new Error('connection ended')
  expect(await process.status()).toBe(200)
  expect(process.log).toContain('the keys of this process could not be compared')
  await process.stop()
})
