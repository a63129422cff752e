import { createCipheriv, createHmac, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { requireBoundData } from '../../src/app/bound-data.ts'
import { createAuditTrail } from '../../src/audit/events.ts'
import { loadConfig } from '../../src/config.ts'
import { createFieldEncryption, createKeyedHash } from '../../src/gateways/field-encryption.ts'
import { isUnbound } from '../../src/gateways/unbound-decryption.ts'
import { createSigningKey } from '../../src/oidc/signing-keys.ts'
import { createStores } from '../../src/stores/index.ts'
import { keyOf, readPage } from '../../src/stores/protected-rows.ts'
import { placeOf, protectedTables } from '../../src/stores/protected-tables.ts'
import { withoutTriggers } from '../support/audit.ts'
import { erika } from '../support/members.ts'
import { createInstallation } from './installation.ts'

/** Columns whose context named no row before. */
const withoutRow = ['accounts', 'insured_persons', 'unlock_letters', 'returned_letters', 'print_runs', 'signing_keys']
const accountId = '6f0c6b7e-7f0e-4f3e-9d9b-0b8f2f3a1c11'
const now = new Date('2026-11-24T09:00:00Z')

let service: Awaited<ReturnType<typeof createInstallation>>
beforeAll(async () => {
  service = await createInstallation()
  await service.run(['db:migrate'])
})
afterAll(() => service.close())

const config = () => loadConfig({ DATA_DIR: service.dataDir })
const keys = () => config().secrets

/** Encrypts as the version before did. */
function sealAsBefore(plain: string, context: string): string {
  const [{ kid, secret }] = keys().encryptionKeys
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', secret, iv).setAAD(Buffer.from(context))
  const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return [kid, ...[iv, cipher.getAuthTag(), text].map((part) => part.toString('base64url'))].join('.')
}

function hashAsBefore(value: string, purpose: string): string {
  const [{ kid, secret }] = keys().hashKeys
  return `${kid}.${createHmac('sha256', secret).update(`${purpose}\0${value}`).digest('base64url')}`
}

/** Rewrites every value and every event of the database as the version before had written them. */
async function putBack(): Promise<number> {
  const encryption = createFieldEncryption(keys().encryptionKeys)
  let values = 0
  for (const spec of protectedTables)
    for (const row of await readPage(service.knex, spec, null))
      for (const column of spec.sealed) {
        const [key, value] = [keyOf(spec, row), row[column]]
        if (!value || isUnbound(value)) continue
        const place = placeOf(spec.table, column, key)
        const before = sealAsBefore(
          encryption.decrypt(value, place),
          withoutRow.includes(spec.table)
            ? `${spec.table}.${column}`
            : place.replace('derivation_secrets.secret:', 'derivation_secrets.secret.'),
        )
        await service
          .knex(spec.table)
          .where(key)
          .update({ [column]: before })
        values++
      }
  await withoutTriggers(service.knex, async (trx) => {
    let previous = ''
    for (const row of await trx('audit_events').orderBy('id')) {
      const data = Object.entries(row.data ?? { gone: true }).sort(([a], [b]) => (a < b ? -1 : 1))
      const body = JSON.stringify([row.at.toISOString(), row.type, row.actor, row.account_id, data])
      const digest = hashAsBefore(body, 'audit_digest')
      const chain = row.position && hashAsBefore(`${previous}\n${digest}`, 'audit_chain')
      await trx('audit_events').where({ id: row.id }).update({ digest, chain, body_hash: null })
      previous = chain ?? previous
    }
    await trx('audit_heads').delete()
  })
  return values
}

async function fill(): Promise<void> {
  const protection = {
    encryption: createFieldEncryption(keys().encryptionKeys),
    hash: createKeyedHash(keys().hashKeys),
  }
  const stores = createStores(service.knex, protection)
  const trail = createAuditTrail(stores.auditEvents.append)
  await stores.insuredPersons.upsertMany([erika], now)
  await service.addActiveAccount('A123456780')
  await service.knex('accounts').update({ security_question: 'x', security_answer_hash: 'x' })
  await stores.signingKeys.add(await createSigningKey('ES256'), 'current', now)
  await stores.signingKeys.derivationSecret('pairwise', 'secret', now)
  await trail.signedOut({ at: now, accountId })
  await trail.accountEnded({ at: now, accountId, reason: 'phone', actor: 'staff:17' })
  await stores.auditEvents.seal()
  await trail.lettersWithheld({ at: now, count: 1 })
  // An event whose retention was over already.
  await withoutTriggers(service.knex, (trx) =>
    trx('audit_events').where({ type: 'signed_out' }).update({ data: null, account_id: null }),
  )
}

it('binds what the version before wrote, once, and proves its audit log anew', async () => {
  await fill()
  const values = await putBack()
  expect(values).toBeGreaterThanOrEqual(10)
  const refused = await service.runJson(['doctor'])
  expect(refused).toMatchObject({ exitCode: 1 })
  await expect(requireBoundData({ ...config(), production: true }, service.knex)).rejects.toThrow('keys:bind')
  expect(await service.runJson(['keys:bind'])).toMatchObject({ exitCode: 0, values, events: 3, unreadable: [] })
  expect(await service.runJson(['doctor'])).toMatchObject({ exitCode: 0, faults: 0 })
  await service.run(['audit:seal'])
  expect(await service.runJson(['audit:verify'])).toMatchObject({ exitCode: 0, withoutBody: 1, checked: 5 })
  await expect(requireBoundData({ ...config(), production: true }, service.knex)).resolves.toBeUndefined()
  const again = await service.run(['keys:bind'])
  expect(again).toMatchObject({ exitCode: 1, err: expect.stringContaining('bound before') })
})

it('goes on after it was cut off between the audit log and the values', async () => {
  await withoutTriggers(service.knex, async (trx) => {
    await trx('audit_events').whereIn('type', ['ciphertexts_bound', 'audit_bodies_emptied']).delete()
    await trx.raw('update audit_counts set appended = 0')
    await trx.raw('update audit_counts set appended = (select count(*) from audit_events) where backend = 0')
  })
  const values = await putBack()
  await service.knex.raw(`create function cut_off() returns trigger language plpgsql as $$
    begin raise exception 'cut off'; end $$`)
  await service.knex.raw('create trigger cut_off before update on accounts for each row execute function cut_off()')
  expect((await service.run(['keys:bind'])).exitCode).not.toBe(0)
  await service.knex.raw('drop function cut_off() cascade')
  expect(await service.runJson(['keys:bind'])).toMatchObject({ exitCode: 0, values, unreadable: [] })
  await service.run(['audit:seal'])
  expect(await service.runJson(['audit:verify'])).toMatchObject({ exitCode: 0, withoutBody: 1 })
  expect(await service.runJson(['doctor'])).toMatchObject({ exitCode: 0, faults: 0 })
})

it('binds nothing that somebody plants later, and nothing while a process runs', async () => {
  const mobile = sealAsBefore('+4915112345678', 'accounts.mobile')
  await service.knex('accounts').update({ mobile })
  expect((await service.run(['keys:bind'])).exitCode).toBe(1)
  expect((await service.knex('accounts').first()).mobile).toBe(mobile)
  const { err } = await service.run(['doctor'])
  expect(err).toContain('every protected value opens in its row')
})

it('refuses an audit log that did not hold before', async () => {
  await service.knex('accounts').delete()
  await putBack()
  await withoutTriggers(service.knex, async (trx) => {
    await trx('audit_events').where({ type: 'ciphertexts_bound' }).delete()
    await trx('audit_events').where({ type: 'account_ended' }).update({ actor: 'staff:18' })
  })
  const { exitCode, err } = await service.run(['keys:bind'])
  expect([exitCode, err]).toEqual([1, expect.stringMatching(/^Nothing was done: the audit log is broken at row \d+/)])
  expect(await service.knex('audit_events').whereNotNull('body_hash')).toEqual([])
})

it('binds a data folder of development at its next start', async () => {
  await withoutTriggers(service.knex, (trx) => trx('audit_events').delete())
  await service.knex('accounts').delete()
  await service.addActiveAccount('B204581379')
  await putBack()
  await requireBoundData(config(), service.knex)
  const stores = createStores(service.knex, {
    encryption: createFieldEncryption(keys().encryptionKeys),
    hash: createKeyedHash(keys().hashKeys),
  })
  expect((await stores.accounts.findByUsername('max.mustermann'))?.mobile).toBe('+4915112345670')
})
