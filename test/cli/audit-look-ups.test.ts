import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'csv-parse/sync'
import { compactVerify, decodeProtectedHeader, exportJWK, generateKeyPair, importJWK } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createInstallation } from './installation.ts'

const demoFile = fileURLToPath(new URL('../../config/demo/insured-persons.csv', import.meta.url))
const operator = ['--operator', 'k.weber']

let service: Awaited<ReturnType<typeof createInstallation>>
beforeAll(async () => {
  service = await createInstallation()
  await service.run(['db:migrate'])
  for (let n = 0; n < 3; n++) await service.run(['members:import', demoFile])
  await service.run(['staff:invite', 'o.wagner@example.org', '--role', 'owner', ...operator])
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), kid: 'k1', alg: 'ES256', kty: 'EC', use: 'sig' as const }
  await service.createWorld().stores.signingKeys.add(jwk, 'current', new Date())
})
afterAll(() => service.close())

const digestOf = (text: string) => createHash('sha256').update(text).digest('base64url')

/** Checks a signature as whoever gets the export does. */
async function readSignature(jws: string) {
  const { jwk, typ } = decodeProtectedHeader(jws)
  const { payload } = await compactVerify(jws, await importJWK(jwk as never, 'ES256'))
  expect([typ, 'd' in (jwk as object)]).toEqual(['audit-export+json', false])
  return JSON.parse(new TextDecoder().decode(payload))
}

it('lists events by filters, page by page', async () => {
  const all = await service.runJson(['audit:list'])
  expect(all.events.map(({ type }: { type: string }) => type)).toEqual([
    'staff_invited',
    ...Array(3).fill('insured_persons_imported'),
  ])
  const first = await service.runJson(['audit:list', '--what', 'operation', '--limit', '2'])
  expect([first.events.length, typeof first.older]).toEqual([2, 'string'])
  const rest = await service.runJson(['audit:list', '--what', 'operation', '--limit', '2', '--older', first.older])
  expect([rest.events.length, rest.older]).toEqual([1, null])
  expect((await service.runJson(['audit:list', '--whom', 'O.Wagner@example.org'])).events).toHaveLength(1)
  expect((await service.run(['audit:list', '--who', 'cli:k.weber'])).out).toMatch(/staff_invited {2}cli:k\.weber/)
  expect((await service.run(['audit:list', '--until', '2020-01-01'])).out).toBe('There are none.\n')
})

it('says which filter it cannot read', async () => {
  for (const wrong of [
    ['--who', 'x y'],
    ['--what', 'constructor'],
    ['--from', 'yesterday'],
    ['--whom', 'a@b.example'],
  ])
    expect((await service.run(['audit:list', ...wrong])).exitCode).toBe(2)
})

it('exports to a file with a signature that fits its bytes, and both are events', async () => {
  const out = join(service.dataDir, 'audit.csv')
  const done = await service.runJson(['audit:export', '--what', 'operation', '--out', out, ...operator])
  expect(done).toMatchObject({ exitCode: 0, count: 3, format: 'csv' })
  const text = readFileSync(out, 'utf8')
  expect(parse(text, { columns: true })[0]).toMatchObject({ type: 'insured_persons_imported', actor: 'cli' })
  expect(await readSignature(readFileSync(`${out}.jws`, 'utf8').trim())).toMatchObject({
    digest: digestOf(text),
    count: 3,
    exportId: done.exportId,
  })
  const { events } = await service.runJson(['audit:list', '--reference', done.exportId])
  expect(events.map(({ type, actor }: Record<string, string>) => [type, actor])).toEqual([
    ['audit_exported', 'cli:k.weber (os:k.weber)'],
    ['audit_export_begun', 'cli:k.weber (os:k.weber)'],
  ])
  expect(events[0].data.digest).toBe(digestOf(text))
  // What is there is never written over.
  expect((await service.run(['audit:export', '--out', out, ...operator])).exitCode).toBe(2)
})

it('exports to stdout, which holds nothing else', async () => {
  const { out, err, exitCode } = await service.run(['audit:export', '--what', 'staff_invited', ...operator])
  expect(exitCode).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ type: 'staff_invited' })
  expect((await readSignature(err.replace('Signature: ', '').trim())).digest).toBe(digestOf(out))
  expect((await service.run(['audit:export'])).exitCode).toBe(2)
})

it('notes what a verification found', async () => {
  await service.run(['audit:seal'])
  await service.run(['audit:verify'])
  const row = await service.knex('audit_heads').where({ name: 'verified' }).first()
  expect(Number(row.position)).toBeGreaterThan(3)
  expect(row.noted_at).toBeInstanceOf(Date)
})
