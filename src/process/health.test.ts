import { expect, it } from 'vitest'
import { createHealth, type HealthChecks } from './health.ts'

const log = { warn() {} }

function ask(health: ReturnType<typeof createHealth>) {
  return async (path: string) => {
    const ctx = { path, status: 404, body: undefined as unknown, set() {} }
    await health.middleware(ctx as never, async () => {})
    return [ctx.status, ctx.body]
  }
}

const away = async () => {
  throw new Error('postgres://user:secret@db')
}

it('is ready while its essential parts are, whatever else is harmed, and tells no fault', async () => {
  const checks: HealthChecks = {
    database: { essential: true, check: async () => null },
    artefacts: { check: away },
    queue: { check: async () => 'impaired' },
  }
  const get = ask(createHealth(checks, log))
  const body = { status: 'impaired', database: 'ok', artefacts: 'away', queue: 'impaired' }
  expect(await get('/health/ready')).toEqual([200, body])
  expect(await get('/health')).toEqual([200, body])
  expect(await get('/registrierung')).toEqual([404, undefined])
})

it.each([
  ['is away', away, 'away'],
  ['is impaired', async () => 'impaired', 'impaired'],
  ['does not answer', () => new Promise(() => {}), 'away'],
])('is not ready while an essential part %s, but lives', async (_how, check, state) => {
  const get = ask(createHealth({ database: { essential: true, check } }, log))
  expect(await get('/health/ready')).toEqual([503, { status: 'unready', database: state }])
  expect(await get('/health/live')).toEqual([200, { status: 'ok' }])
})

it('asks the stores once a second at most, however many ask it', async () => {
  let asked = 0
  const check = async () => void asked++
  const get = ask(createHealth({ database: { essential: true, check } }, log))
  await Promise.all(Array.from({ length: 50 }, () => get('/health/ready')))
  for (let n = 0; n < 50; n++) await get('/health')
  expect(asked).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 1050))
  await get('/health/ready')
  expect(asked).toBe(2)
})

it('is not ready any more once it drains', async () => {
  const health = createHealth({ database: { essential: true, check: async () => null } }, log)
  health.drain()
  expect(await ask(health)('/health/ready')).toEqual([503, { status: 'draining' }])
  expect(await ask(health)('/health/live')).toEqual([200, { status: 'ok' }])
})
