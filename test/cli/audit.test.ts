import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { emptyAuditLog, withoutTriggers } from '../support/audit.ts'
import { startHttpReceiver } from '../support/servers/audit-receiver.ts'
import { createInstallation } from './installation.ts'

const demoFile = fileURLToPath(new URL('../../config/demo/insured-persons.csv', import.meta.url))

let service: Awaited<ReturnType<typeof createInstallation>>
beforeAll(async () => {
  service = await createInstallation()
})
afterAll(() => service.close())

it('asks for the migrations first, and applies them', async () => {
  const { exitCode, err } = await service.run(['audit:verify'])
  expect(exitCode).toBe(1)
  expect(err).toMatch(/^The database lacks \d+ migrations; run db:migrate first\.\n$/)
  expect(await service.runJson(['db:status'])).toMatchObject({ ok: false, exitCode: 1 })
  expect((await service.runJson(['db:migrate'])).applied).toContain('006_audit.ts')
  expect(await service.runJson(['db:status'])).toMatchObject({ ok: true, exitCode: 0, pending: [] })
})

it('shows how far the receiver of audit events is, and doctor, too', async () => {
  expect(await service.runJson(['audit:stream'])).toMatchObject({ exitCode: 0, receiver: null })
  const receiver = await startHttpReceiver()
  const settings = { AUDIT_STREAM_URL: `${receiver.url}?key=geheim`, AUDIT_STREAM_TOKEN: 'token-of-the-receiver' }
  const variables = { DATA_DIR: service.dataDir, ...settings }
  receiver.answer = (_, response) => response.writeHead(403).end()
  await service.run(['members:import', demoFile])
  await service.run(['audit:seal'])
  await service.run(['jobs:run', 'audit-stream'], { variables })
  const away = await service.runJson(['audit:stream'], { variables })
  expect(away).toMatchObject({ exitCode: 1, position: 0, head: 1, waiting: 1, failures: 1, fault: 'http_403' })
  expect((await service.run(['audit:stream'], { variables })).err).toContain('Last error:  http_403 at ')
  const { findings } = await service.runJson(['doctor', '--without-values'], { variables })
  expect(findings).toContainEqual(
    expect.objectContaining({ outcome: 'fault', meaning: expect.stringContaining('(http_403); 1 events wait') }),
  )
  receiver.answer = (_, response) => response.writeHead(200).end()
  await service.run(['jobs:run', 'audit-stream'], { variables })
  const well = await service.runJson(['audit:stream'], { variables })
  expect(well).toMatchObject({ exitCode: 0, receiver: receiver.url.origin, position: 1, waiting: 0, failures: 0 })
  expect(JSON.stringify([away, well])).not.toMatch(/geheim|token-of/)
  expect(receiver.received.at(-1)?.authorization).toBe('Bearer token-of-the-receiver')
  receiver.close()
  await emptyAuditLog(service.knex)
})

it('seals, verifies, and finds what was altered or cut off', async () => {
  for (let n = 0; n < 3; n++) await service.run(['members:import', demoFile])
  expect((await service.run(['audit:verify'])).out).toBe(
    'The audit log is intact: 0 events checked, 3 more wait to be sealed.\n',
  )
  expect(await service.runJson(['audit:seal'])).toMatchObject({ exitCode: 0, sealed: 3 })
  const intact = await service.run(['audit:verify'])
  expect(intact.exitCode).toBe(0)
  const head = /^Head: (3:\S+)$/m.exec(intact.out)?.[1] ?? ''
  expect((await service.run(['audit:verify', '--head', head])).exitCode).toBe(0)

  await withoutTriggers(service.knex, (trx) => trx('audit_events').where({ position: 3 }).delete())
  expect((await service.run(['audit:verify'])).exitCode).toBe(1)
  expect(await service.run(['audit:verify', '--head', head])).toMatchObject({
    exitCode: 1,
    err: 'The audit log is broken at position 3: the event is missing (2 events before it are intact).\n',
  })

  await withoutTriggers(service.knex, (trx) => trx('audit_events').where({ position: 2 }).update({ actor: 'system' }))
  expect(await service.run(['audit:verify'])).toMatchObject({
    exitCode: 1,
    err: 'The audit log is broken at position 2: the event was altered after it was written (1 events before it are intact).\n',
  })
  expect(await service.runJson(['audit:verify'])).toMatchObject({
    ok: false,
    exitCode: 1,
    outcome: 'broken',
    position: 2,
    kind: 'body_altered',
  })
})
