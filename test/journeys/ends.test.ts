import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { loadConfig } from '../../src/config.ts'
import { insuranceNumberHash } from '../../src/crypto/blind-index.ts'
import { createKeyedHash } from '../../src/crypto/field-encryption.ts'
import type { Protection } from '../../src/crypto/protection.ts'
import { recipientHash } from '../../src/stores/messages/email-bounces.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { createClient } from '../support/client.ts'
import { ask } from '../support/stores/database.ts'
import { dumpOf } from '../support/stores/dump.ts'
import { awaitLetter, makeActive, type Person, register, somebody } from '../support/walk.ts'

/**
 * Lifetimes of OpenID Connect stay real when our clock moves (contract.md): sessions and tokens end within 30 days of their own. The
 * postbox of development stands for phones and mailboxes.
 */
const ownClock = ['development_postbox', 'oidc_artefacts', 'redis']

/** Every day is lived through with all its jobs, so the ends are near; which days they are by default stands in `deadlines.yaml`. */
const near = {
  neverSignedInDays: 20,
  coverageGraceMonths: 1,
  endedAccountDays: 20,
  personMonthsAfterEnd: 3,
  auditRetentionDays: { registration: 30, letters: 30, signIn: 30, mtan: 30, account: 30, operation: 30 },
}

describe('every state has an end', () => {
  const config = mkdtempSync(join(tmpdir(), 'aok-config-'))
  let app: TestApp
  let protection: Pick<Protection, 'hash'>
  beforeAll(async () => {
    cpSync(fileURLToPath(new URL('../../config', import.meta.url)), config, { recursive: true })
    const file = join(config, 'deadlines.yaml')
    writeFileSync(file, stringify({ ...parse(readFileSync(file, 'utf8')), ...near }))
    app = await startTestApp({ CONFIG_DIR: config })
    const { hashKeys } = loadConfig({ NODE_ENV: 'development', ...app.storage }).secrets
    protection = { hash: createKeyedHash(hashKeys) }
  })
  afterAll(async () => {
    await app?.close()
    rmSync(config, { recursive: true, force: true })
  })

  const idOf = async ({ username }: Person) =>
    (await ask<{ id: string }>(app, 'select id from accounts where username = $1', [username]))[0]?.id ?? ''

  const berlinToday = async () =>
    ((await (await fetch(`${app.issuer}/dev/clock`)).json()) as { now: string }).now.slice(0, 10)

  /** Where in a dump of everything something of the person stands; `but`: tables that keep it longer. */
  async function tracesOf(person: Person, id: string, but: readonly string[] = []): Promise<string[]> {
    const { hash } = protection
    const { username, email, mobile, insuranceNumber } = person
    const hashes = [insuranceNumberHash(hash, insuranceNumber), recipientHash({ hash } as Protection, email)]
    const digests = [username, email].map((each) => createHash('sha256').update(each).digest('hex'))
    const needles = [username, email, mobile, insuranceNumber, id, ...hashes, ...digests]
    const dump = await dumpOf(app)
    const found = dump.filter((row) => needles.some((needle) => row.includes(needle)))
    const tables = [...new Set(found.map((row) => row.split('\n', 1)[0] ?? ''))]
    return tables.filter((table) => ![...but, ...ownClock].includes(table))
  }

  it('a registration that nobody activates, and one that nobody signs in to', async () => {
    const [first, second] = [somebody('A123456780'), somebody('B204581379')]
    await register(createClient(), app, first)
    await awaitLetter(app, second)
    const [one, two] = [await idOf(first), await idOf(second)]
    expect(await tracesOf(first, one)).toEqual(expect.arrayContaining(['accounts', 'messages', 'audit_events']))
    await app.advance('P29D')
    await app.advance('P2D')
    expect(await tracesOf(first, one, ['audit_events', 'insured_persons'])).toEqual([])
    expect(await tracesOf(second, two)).toContain('accounts')
    // 30 days of the code and 20 more; then the letter counts for the limits of its number.
    await app.advance('P21D')
    expect(await tracesOf(second, two)).not.toContain('accounts')
    await app.advance('P32D')
    expect(await tracesOf(first, one, ['audit_events', 'insured_persons'])).toEqual([])
    expect(await tracesOf(second, two, ['audit_events', 'insured_persons'])).toEqual([])
  }, 240_000)

  it('an account, its person, and what the audit log knows of it', async () => {
    const member = somebody('H556677889')
    await makeActive(app, member)
    const id = await idOf(member)
    await ask(
      app,
      `insert into consents (account_id, client_id, scopes, granted_at, changed_at) values ($1, 'x', '{}', now(), now())`,
      [id],
    )
    const { hash } = protection
    const index = insuranceNumberHash(hash, member.insuranceNumber)
    const today = await berlinToday()
    await ask(app, 'update insured_persons set coverage_to = $2 where insurance_number_hash = $1', [index, today])
    const state = async () => (await ask(app, 'select state from accounts where id = $1', [id]))[0]?.state
    await app.advance('P33D')
    expect(await state()).toBe('ended')
    // A month of grace, then 20 days.
    await app.advance('P14D')
    expect(await state()).toBe('ended')
    await app.advance('P7D')
    expect(await state()).toBeUndefined()
    await app.advance('P32D')
    expect(await tracesOf(member, id, ['audit_events'])).toEqual(['insured_persons'])
    const person = () => ask(app, 'select 1 from insured_persons where insurance_number_hash = $1', [index])
    expect(await person()).toHaveLength(1)
    // Three months after the coverage, whatever was between.
    await app.advance('P8D')
    expect(await person()).toHaveLength(0)
    expect(await tracesOf(member, id)).toEqual([])
  }, 240_000)

  it('an account of somebody who died, and one that is suspended while the insurance ends', async () => {
    const [dead, ward] = [somebody('K908172635'), somebody('M424242429')]
    for (const person of [dead, ward]) await makeActive(app, person)
    const ids = [await idOf(dead), await idOf(ward)]
    const change = (column: string, person: Person, value: unknown) =>
      ask(app, `update insured_persons set ${column} = $2 where insurance_number_hash = $1`, [
        insuranceNumberHash(protection.hash, person.insuranceNumber),
        value,
      ])
    await change('deceased_on', dead, await berlinToday())
    await change('guardian_consent_required', ward, true)
    // Told years late: what was wrong about it can still be mended.
    await change('coverage_to', ward, '2020-06-30')
    const states = async () =>
      (await ask<{ state: string }>(app, 'select state from accounts where id = any($1)', [ids])).map(
        (row) => row.state,
      )
    await app.advance('P1D')
    expect(await states()).toEqual(['suspended', 'suspended'])
    await app.advance('P18D')
    expect(await states()).toEqual(['suspended', 'suspended'])
    // The person of 2020 stays as long as the account refers to it.
    expect(await tracesOf(ward, ids[1] ?? '')).toContain('insured_persons')
    await app.advance('P4D')
    expect(await states()).toEqual(['suspended'])
    expect(await tracesOf(ward, ids[1] ?? '')).not.toContain('insured_persons')
    await app.advance('P32D')
    expect(await states()).toEqual([])
    await app.advance('P32D')
    expect(await tracesOf(ward, ids[1] ?? '', ['audit_events'])).toEqual([])
    expect(await tracesOf(dead, ids[0] ?? '', ['audit_events'])).toEqual(['insured_persons'])
    await app.advance('P9D')
    expect(await tracesOf(dead, ids[0] ?? '')).toEqual([])
  }, 240_000)
})
