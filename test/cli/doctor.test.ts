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
      expect.objectContaining({ outcome: 'fault', meaning: expect.stringContaining('001_register.ts') }),
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

  it('finds values that were moved to another row, and indexes', async () => {
    await installation.knex('accounts').delete()
    const first = await installation.addActiveAccount('A123456780')
    const { mobile, insurance_number_hash: index } = await installation.knex('accounts').first()
    await installation.knex('accounts').update({ username: 'somebody.else', state: 'ended' })
    const second = await installation.addActiveAccount('B204581379')
    expect((await installation.run(['doctor', '--without-chain'])).err).not.toContain('protected value')
    const change = { mobile, insurance_number_hash: index }
    await installation.knex('accounts').where({ id: second }).update(change)
    await installation.knex('accounts').where({ id: first }).update({ mobile: 'dev.x.y.z' })
    const { exitCode, err } = await installation.run(['doctor', '--without-chain'])
    expect(exitCode).toBe(1)
    expect(err).toContain('not true: every protected value opens in its row')
    expect(err).toContain(`accounts.mobile:${first}`)
    expect(err).toContain(`accounts.mobile:${second}`)
    expect(err).toContain(`accounts.insurance_number_hash:${second} (another number)`)
    expect((await installation.run(['doctor', '--without-chain', '--without-values'])).err).not.toContain(
      'every protected',
    )
  })
})
