import { afterAll, beforeAll, expect, it } from 'vitest'
import { createInstallation } from './installation.ts'

let service: Awaited<ReturnType<typeof createInstallation>>
beforeAll(async () => {
  service = await createInstallation()
})
afterAll(() => service.close())

it('brings the schema up to date, and back only when that is really wanted', async () => {
  expect(await service.runJson(['db:status'])).toMatchObject({ exitCode: 1 })
  expect(await service.runJson(['db:migrate'])).toMatchObject({ exitCode: 0 })
  expect(await service.runJson(['db:status'])).toMatchObject({ exitCode: 0 })
  const { would } = await service.runJson(['db:rollback', '--steps', '2'])
  expect(would).toHaveLength(2)
  expect(await service.runJson(['db:status'])).toMatchObject({ exitCode: 0 })
  expect(await service.runJson(['db:rollback', '--steps', '2', '--yes'])).toMatchObject({ exitCode: 0, undone: would })
  const { exitCode, out, err } = await service.run(['db:status'])
  expect(exitCode).toBe(1)
  for (const name of would) expect(out + err).toContain(name)
  expect(await service.runJson(['db:migrate'])).toMatchObject({ exitCode: 0 })
})

it.each(['0', '-1', 'all', '100'])('refuses to undo %s migrations', async (steps) => {
  expect(await service.run(['db:rollback', '--steps', steps])).toMatchObject({
    ...{ exitCode: 2, err: expect.stringMatching(/number from 1 to 99/) },
  })
})

it('checks a file of applications, and names the fault with its line', async () => {
  const good = await service.runJson(['clients:check'])
  expect(good).toMatchObject({ exitCode: 0, clients: expect.any(Array) })
  const bad = service.writeFile('clients:\n  - client_id: portal\n    kind: spaceship\n')
  const { exitCode, err } = await service.run(['clients:check', bad])
  expect(exitCode).toBe(1)
  expect(err).toContain(bad)
  expect(err).toMatch(/line \d|:\d/)
})
