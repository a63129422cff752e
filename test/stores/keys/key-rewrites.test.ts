import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import type { Protection } from '../../../src/crypto/protection.ts'
import { createArtefactAdapterFactory } from '../../../src/oidc/adapters/artefact-adapter.ts'
import { createSigningKey } from '../../../src/oidc/signing-keys.ts'
import type { Database } from '../../../src/stores/database/database.ts'
import { createStores } from '../../../src/stores/index.ts'
import { createKeyRewriteStore, type RewriteTarget } from '../../../src/stores/keys/key-rewrites.ts'
import { createKeyUsageStore } from '../../../src/stores/keys/key-usage.ts'
import { protectedTables } from '../../../src/stores/keys/protected-tables.ts'
import { createSigningKeyStore } from '../../../src/stores/keys/signing-keys.ts'
import { createOidcArtefactStore } from '../../../src/stores/sign-in/oidc-artefacts.ts'
import { newClient } from '../../support/clients.ts'
import { erika, newAccount } from '../../support/members.ts'
import { describeOnBoth, describeOnServer, urlOf } from '../../support/stores/databases.ts'
import { createProtection, newKey } from '../../support/stores/protection.ts'

const now = new Date('2026-11-24T09:00:00Z')
const [oldKey, freshKey] = [newKey('old'), newKey('new')]
const before = createProtection(oldKey, freshKey)
const during = createProtection(freshKey, oldKey)
const after = createProtection(freshKey)
const target: RewriteTarget = { encryption: 'new', hash: 'new' }

/** A request of a program, whose answer is kept. */
const request = { clientId: 'service', key: 'once' }

/** One row at least in every column that the list names, written by the stores themselves. */
async function fill(db: Database, protection: Protection) {
  const stores = createStores(db, protection)
  const account = newAccount({ username: `m.${randomUUID().slice(0, 8)}`, insuranceNumber: 'A123456780' })
  await stores.insuredPersons.upsertMany([erika], now)
  await stores.accounts.create(account)
  const [letterId, orphanId, runId, messageId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]
  const stored = await stores.accounts.find(account.id)
  const insuranceNumberHash = stored?.insuranceNumberHash ?? ''
  const letter = { accountId: account.id, insuranceNumberHash, requestedAt: now, printableFrom: now }
  await stores.letters.request({ id: letterId, ...letter })
  await stores.letters.request({ id: orphanId, ...letter, accountId: null })
  await stores.printRuns.createClosed(runId, now, { postingDay: '2026-11-25', by: 'system', now })
  await stores.runLetters.claim(runId, now, [letterId])
  const filling = { content: 'unlock_code', codeHash: 'old.x', code: 'ABCDEFGHJKMN', addressHash: 'old.y' } as const
  await stores.runLetters.fill([{ id: letterId, envelopeId: letterId, ...filling }], now)
  const back = { postedOn: '2026-11-25', returnedAt: now, returnedBy: 'cli:k.weber' }
  await stores.returnedLetters.add({ letterId, insuranceNumber: 'A123456780', addressHash: 'old.z', ...back })
  await stores.canaryLetters.add({ id: randomUUID(), runId, code: 'ABCDEFGHJKMN', codeHash: 'old.c' })
  // As the version before wrote it.
  const pdf = protection.encryption.encrypt(Buffer.from('%PDF').toString('base64'), `print_runs.pdf:${runId}`)
  await db('print_runs').where({ id: runId }).update({ pdf })
  await stores.messages.add({ id: messageId, kind: 'email', payload: { to: 'a@b' }, expiresAt: null, createdAt: now })
  await stores.journeys.begin({ id: 'journey-1', kind: 'sign-in', state: { step: 'password' }, expiresAt: now })
  await stores.clients.save([newClient({ contacts: ['team@example.org'] })], null, now)
  await stores.apiRequests.begin(request, 'fingerprint', now)
  await stores.apiRequests.keep(request, '{}')
  const person = { id: randomUUID(), email: 'k.weber@example.org', role: 'owner', language: 'de' } as const
  await stores.staff.add({ ...person, invitedBy: 'system', invitedAt: now })
  await stores.staff.join(person.id, { passwordHash: 'x', totpSecret: 'A'.repeat(32) }, now)
  const passkey = { credentialId: randomUUID(), publicKey: new Uint8Array(1), counter: 0, transports: [], synced: true }
  await stores.staffPasskeys.add({ ...passkey, id: randomUUID(), staffId: person.id, name: 'Laptop', addedAt: now })
  const keys = createSigningKeyStore(db, protection)
  await keys.add(await createSigningKey('ES256'), 'current', now)
  await keys.derivationSecret('pairwise', 'secret', now)
  await artefacts(db, protection).upsert('token-1', { accountId: 'a' }, 600)
  return { account, letterId, orphanId, runId, messageId }
}

const artefacts = (db: Database, { encryption }: Protection) =>
  createArtefactAdapterFactory({ store: createOidcArtefactStore(db), encryption, currentRequest: () => undefined })(
    'AccessToken',
  )

/** Reads every row that `fill` wrote. */
async function readAll(db: Database, protection: Protection, filled: Awaited<ReturnType<typeof fill>>) {
  const stores = createStores(db, protection)
  const account = await stores.accounts.find(filled.account.id)
  const printRun = await db('print_runs').where({ id: filled.runId }).first()
  return {
    email: account?.email,
    staff: (await stores.staff.all()).map(({ email }) => email),
    passkeys: await Promise.all((await stores.staff.all()).map(({ id }) => stores.staffPasskeys.of(id))),
    answer: (await stores.apiRequests.find(request))?.answer,
    found: (await stores.accounts.findAllByNumberHashes(account?.insuranceNumberHashes ?? [])).length,
    person: await stores.insuredPersons.findByInsuranceNumber('A123456780'),
    codes: (await stores.runLetters.findByRun(filled.runId)).map((letter) => letter.code),
    envelopes: [
      ...(await stores.runLetters.countEnvelopes(account?.insuranceNumberHashes ?? [], new Date(0))).values(),
    ],
    pdf: Buffer.from(
      protection.encryption.decrypt(printRun.pdf, `print_runs.pdf:${filled.runId}`),
      'base64',
    ).toString(),
    message: (await stores.messages.open(filled.messageId))?.payload,
    journey: (await stores.journeys.load('journey-1', 'sign-in'))?.state,
    signing: (await createSigningKeyStore(db, protection).list()).length,
    secret: await createSigningKeyStore(db, protection).derivationSecret('pairwise', 'other', now),
    token: (await artefacts(db, protection).find('token-1'))?.accountId,
  }
}

async function rewriteAll(db: Database, protection = during) {
  const store = createKeyRewriteStore(db, protection)
  await store.begin(target)
  for (const spec of await store.unfinished(target))
    for (let last = false; !last; ) {
      const page = await store.rewritePage(spec, target)
      if (page === 'busy') throw new Error(`${spec.table} is busy`)
      last = page.last
    }
  return await store.progress()
}

/** Another process changes the e-mail address of all accounts and is done when this answers. */
function updateElsewhere(connectionString: string, email: string): void {
  const script = `import pg from 'pg'
    const client = new pg.Client(process.argv[1]); await client.connect()
    await client.query('update accounts set email = $1', [process.argv[2]]); await client.end()`
  execFileSync(process.execPath, ['--input-type=module', '-e', script, connectionString, email])
}

async function empty(db: Database) {
  for (const { table } of [...protectedTables].reverse()) await db(table).delete()
  await db('key_rewrites').delete()
}

describeOnBoth('rewriting rows under a new key', (database) => {
  beforeEach(() => empty(database()))

  it('leaves every row readable with the new key alone, whoever wrote it', async () => {
    const filled = await fill(database(), before)
    const expected = await readAll(database(), before, filled)
    expect(await readAll(database(), during, filled)).toEqual(expected)
    const progress = await rewriteAll(database())
    expect(progress.map(({ table, rowsUnreadable }) => [table, rowsUnreadable])).toEqual(
      progress.map(({ table }) => [table, 0]),
    )
    expect(progress.every((table) => table.finishedAt !== null)).toBe(true)
    // The process that still writes with the old key finds everything, too.
    expect(await readAll(database(), before, filled)).toEqual(expected)
    expect(await readAll(database(), after, filled)).toEqual({ ...expected, envelopes: [1] })
  })

  it('tells which columns still hold an old key, and which of them end by themselves', async () => {
    const filled = await fill(database(), before)
    const usage = createKeyUsageStore(database())
    const sealedColumns = protectedTables.flatMap(({ table, sealed }) => sealed.map((c) => `${table}.${c}`))
    expect(await usage.columnsUsing('encryption', 'old', now, '2026-11-24')).toEqual(sealedColumns)
    await rewriteAll(database())
    expect(await usage.columnsUsing('encryption', 'old', now, '2026-11-24')).toEqual([])
    // The letter of a deleted registration, whose number nobody knows, codes that are alive, addresses that may come back.
    expect(await usage.columnsUsing('hash', 'old', now, '2026-11-24')).toEqual([
      'unlock_letters.insurance_number_hash',
      'unlock_letters.code_hash',
      'unlock_letters.address_hash',
      'returned_letters.address_hash',
      'canary_letters.code_hash',
    ])
    const old = (await usage.count(now, '2026-11-24')).filter(({ kid }) => kid === 'old')
    expect(old.map(({ column, values, passing }) => [column, values, passing])).toEqual([
      ['insurance_number_hash', 1, true],
      ['code_hash', 1, true],
      ['address_hash', 1, true],
      ['address_hash', 1, true],
      ['code_hash', 1, true],
    ])
    await database()('returned_letters').update({ cleared_at: now })
    await database()('canary_letters').delete()
    await database()('unlock_letters').where({ id: filled.orphanId }).delete()
    await createStores(database(), during).runLetters.returnFromRun(filled.runId)
    expect(await usage.columnsUsing('hash', 'old', now, '2026-11-24')).toEqual([])
  })

  it('names a row that no key opens and goes on with the others', async () => {
    const filled = await fill(database(), before)
    const lost = createStores(database(), createProtection(newKey('lost')))
    const other = newAccount({ username: 'lost.one', insuranceNumber: 'B204581379' })
    await lost.accounts.create(other)
    const accounts = (await rewriteAll(database())).find(({ table }) => table === 'accounts')
    expect(accounts?.rowsUnreadable).toBeGreaterThan(0)
    expect((await readAll(database(), after, filled)).email).toBe(filled.account.email)
  })
})

describeOnServer('rewriting rows beside other work', (database) => {
  beforeEach(() => empty(database()))
  const accountsTable = protectedTables.filter(({ table }) => table === 'accounts')[0] as (typeof protectedTables)[0]
  const personsTable = protectedTables.filter(({ table }) => table === 'insured_persons')[0] as typeof accountsTable

  it('gives way to a transaction that holds a row, and takes up what it wrote', async () => {
    const filled = await fill(database(), before)
    const store = createKeyRewriteStore(database(), during)
    await store.begin(target)
    await database().transaction(async (trx) => {
      await trx('accounts')
        .where({ id: filled.account.id })
        .update({ email: during.encryption.encrypt('new@b', `accounts.email:${filled.account.id}`) })
      expect(await store.rewritePage(accountsTable, target)).toBe('busy')
    })
    expect(await store.rewritePage(accountsTable, target)).toMatchObject({ rewritten: 1, last: true })
    expect((await createStores(database(), after).accounts.find(filled.account.id))?.email).toBe('new@b')
  })

  it('never writes over a change that came between reading and writing', async () => {
    const filled = await fill(database(), before)
    const url = await urlOf(database())
    let changed = false
    const protection: Protection = {
      ...during,
      encryption: {
        ...during.encryption,
        encrypt(plain, context) {
          if (!changed) updateElsewhere(url, during.encryption.encrypt('new@b', `accounts.email:${filled.account.id}`))
          changed = true
          return during.encryption.encrypt(plain, context)
        },
      },
    }
    const store = createKeyRewriteStore(database(), protection)
    await store.begin(target)
    expect(await store.rewritePage(accountsTable, target)).toBe('busy')
    expect(await store.rewritePage(accountsTable, target)).toMatchObject({ rewritten: 1, last: true })
    expect((await createStores(database(), after).accounts.find(filled.account.id))?.email).toBe('new@b')
  })

  it('leaves the register alone while an import writes it', async () => {
    await fill(database(), before)
    const store = createKeyRewriteStore(database(), during)
    await store.begin(target)
    await createStores(database(), before).insuredPersons.upsertMany([], now)
    await database().transaction(async (trx) => {
      await createStores(trx, before).insuredPersons.upsertMany([], now)
      expect(await store.rewritePage(personsTable, target)).toBe('busy')
    })
    expect(await store.rewritePage(personsTable, target)).toMatchObject({ rewritten: 1 })
  })

  it('lets one of 16 at once rewrite a page, and none twice', async () => {
    const stores = createStores(database(), before)
    for (let n = 0; n < 450; n++) await stores.accounts.create(newAccount({ username: `many.${n}` }))
    const store = createKeyRewriteStore(database(), during)
    await store.begin(target)
    const worker = async () => {
      for (let open = true; open; ) {
        await store.rewritePage(accountsTable, target)
        open = (await store.unfinished(target)).some(({ table }) => table === 'accounts')
      }
    }
    await Promise.all(Array.from({ length: 16 }, worker))
    const accounts = (await store.progress()).find(({ table }) => table === 'accounts')
    expect(accounts).toMatchObject({ rowsSeen: 450, rowsRewritten: 450, rowsUnreadable: 0 })
  })
})
