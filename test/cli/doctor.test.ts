import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createInstallation } from './installation.ts'

describe('doctor', () => {
  let installation: Awaited<ReturnType<typeof createInstallation>>
  beforeAll(async () => {
    installation = await createInstallation()
  })
  afterAll(() => installation?.close())

  it('says that migrations are pending, and nothing of the data', async () => {
    const { exitCode, findings } = await installation.runJson(['doctor'])
    expect(exitCode).toBe(1)
    expect(findings).toEqual([
      expect.objectContaining({ outcome: 'fault', meaning: expect.stringContaining('001_insured_persons.ts') }),
    ])
  })

  it('finds a fresh installation in order, and names every look with --all', async () => {
    await installation.run(['db:migrate'])
    expect(await installation.runJson(['doctor'])).toMatchObject({ exitCode: 0, faults: 0 })
    const { out } = await installation.run(['doctor', '--all'])
    expect(out).toContain('ok       the chain of the audit log is intact')
    expect(out).toMatch(/\d+ looks: 0 faults, 0 warnings\.\n$/)
  })

  it('names what is wrong by id, with a mend, and exits with 1', async () => {
    const id = await installation.addActiveAccount('A123456780')
    const { exitCode, err } = await installation.run(['doctor', '--without-chain'])
    expect(exitCode).toBe(1)
    expect(err).toContain('not true: active accounts have a day and a security question')
    expect(err).toContain(`account ${id}`)
    expect(err).toMatch(/Mend: .+\./)
  })

  it('finds an audit event that was altered', async () => {
    await installation.knex('accounts').delete()
    await installation
      .knex('audit_events')
      .insert({ at: new Date(), type: 'x', actor: 'cli', digest: 'dev.x', position: 1, chain: 'dev.x' })
    const { exitCode, err } = await installation.run(['doctor'])
    expect(exitCode).toBe(1)
    expect(err).toContain('not true: the chain of the audit log is intact')
  })
})
