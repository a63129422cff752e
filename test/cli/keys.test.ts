import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Account } from '../../src/stores/accounts/accounts.ts'
import type { Database } from '../../src/stores/database/database.ts'
import { createMachine, type Machine, type Process, startProcess } from '../support/machine/machines.ts'
import { erika, newAccount } from '../support/members.ts'
import { describeOnServer, urlOf } from '../support/stores/databases.ts'
import { runCommand } from './installation.ts'

const now = new Date('2026-11-24T09:00:00Z')
const numbers = ['A123456780', 'B204581379', 'C771029455', 'D314159268', 'H556677889', 'K908172635'] as const

/** What every process must be able to do at every moment, whoever wrote what, and with which key. */
function createInvariants(db: () => Database, processes: () => Process[]) {
  const written: Account[] = []
  const messages: string[] = []
  const persons = numbers.map((insuranceNumber) => ({ ...erika, insuranceNumber }))
  let turn = 0

  async function write(process: Process, insuranceNumber = numbers[turn % numbers.length] as string) {
    const { accounts, journeys, insuredPersons, messages: outbox } = process.stores
    const account = newAccount({ username: `m.${turn++}`, insuranceNumber, email: `m.${turn}@example.org` })
    await accounts.create(account)
    written.push((await accounts.find(account.id)) as Account)
    const message = randomUUID()
    await outbox.add({ id: message, kind: 'email', payload: { to: account.email }, expiresAt: null, createdAt: now })
    messages.push(message)
    await journeys.begin({ id: account.id, kind: 'sign-in', state: { step: account.email }, expiresAt: now })
    // An import of the same persons adds nobody, whichever key their index was written with.
    await insuredPersons.upsertMany(persons, now)
    return account.id
  }

  async function read({ stores }: Process) {
    for (const { id, email, insuranceNumber } of written) {
      const account = (await stores.accounts.find(id)) as Account
      expect(account.email).toBe(email)
      const found = await stores.accounts.findAllByNumberHashes(account.insuranceNumberHashes)
      const same = written.filter((other) => other.insuranceNumber === insuranceNumber)
      expect(found.map((each) => each.id).sort()).toEqual(same.map((each) => each.id).sort())
      expect((await stores.journeys.load(id, 'sign-in'))?.state).toEqual({ step: email })
    }
    for (const message of messages) expect((await stores.messages.open(message))?.payload).toHaveProperty('to')
    for (const number of numbers) expect(await stores.insuredPersons.findByInsuranceNumber(number)).not.toBeNull()
    expect(await db()('insured_persons').count('* as n').first()).toEqual({ n: String(numbers.length) })
  }

  return {
    /** Every process writes, and every process reads and finds what any has written. */
    async hold() {
      await Promise.all(processes().map((process) => write(process)))
      for (const process of processes()) await read(process)
    },
    /** Two registrations of a number, one by each process, come to the end of their first sign-in at once. */
    async oneActive() {
      const number = 'A123456780'
      const pairs = await Promise.all(
        processes().map(async (process) => ({ process, id: await write(process, number) })),
      )
      const won = await Promise.all(pairs.map(({ process, id }) => activate(db(), process, id)))
      expect(won.filter(Boolean)).toHaveLength(1)
      for (const { id } of pairs) await db()('accounts').where({ id }).update({ active_since: null })
    },
  }
}

/** The end of the first sign-in, as its step does it. */
async function activate(db: Database, { stores, transaction }: Process, id: string): Promise<boolean> {
  await db('accounts').where({ id }).update({ state: 'letter_posted' })
  const account = (await stores.accounts.find(id)) as Account
  return await transaction(async (unit) => {
    await unit.letters.lockNumber(account.insuranceNumberHashes)
    if (await unit.accounts.findActiveByNumber(account.insuranceNumber)) return false
    return await unit.accounts.makeActive(id, { question: 'first_pet', answerHash: 'x' }, now)
  })
}

describeOnServer('a rotation on two machines', (database) => {
  const folder = mkdtempSync(join(tmpdir(), 'aok-keys-'))
  let [first, second]: Machine[] = []
  let [one, two]: Process[] = []
  const invariants = createInvariants(database, () => [one, two] as Process[])
  beforeAll(async () => {
    const url = await urlOf(database())
    first = createMachine(folder, 'first', url)
    second = createMachine(folder, 'second', url)
    first.makeKeys()
    second.takeKeysOf(first)
  })
  afterAll(async () => {
    await one?.stop()
    await two?.stop()
    rmSync(folder, { recursive: true })
  })

  const cli = async (...args: string[]) => {
    const { exitCode, out, err } = await runCommand([...args, '--json'], { variables: first?.variables ?? {} })
    expect(err).toBe('')
    return { exitCode, ...JSON.parse(out) }
  }
  const kids = (file: string) =>
    readFileSync(join(first?.folder ?? '', file), 'utf8')
      .split(',')
      .map((entry) => entry.split(':')[0])
  const restart = async (which: 'one' | 'two') => {
    const [machine, process] = which === 'one' ? [first, one] : [second, two]
    await process?.stop()
    const started = await startProcess(machine as Machine, database())
    if (which === 'one') one = started
    else two = started
  }
  const rings = ['encryption', 'hash'] as const
  const files = { encryption: 'encryption-keys', hash: 'hash-keys' }

  it('leaves nothing unreadable and nobody unfindable at any moment', async () => {
    await restart('one')
    await restart('two')
    await invariants.hold()
    for (const ring of rings) {
      expect(await cli('keys:rotate', ring)).toMatchObject({ next: { step: 'add' } })
      expect(await cli('keys:rotate', ring, 'use')).toMatchObject({ exitCode: 1 })
      const { kid, list } = await cli('keys:rotate', ring, 'add')
      expect([kids(files[ring]), list]).toEqual([['old', kid], undefined])
    }
    expect(statSync(join(first?.folder ?? '', 'encryption-keys')).mode & 0o777).toBe(0o600)
    await invariants.hold()
    expect(await cli('keys:rotate', 'hash')).toMatchObject({
      next: { step: 'distribute', processes: ['first', 'second'] },
    })
    await restart('one')
    await invariants.hold()
    await invariants.oneActive()
    for (const ring of rings) expect((await cli('keys:rotate', ring, 'use')).refused).toContain('second')
    second?.takeKeysOf(first as Machine)
    await restart('two')
    await invariants.hold()
    for (const ring of rings) expect(await cli('keys:rotate', ring, 'use')).toMatchObject({ exitCode: 0 })
    await restart('one')
    // The one writes with the new key, the other with the old one.
    await invariants.hold()
    await invariants.oneActive()
    expect(await cli('keys:reencrypt', '--run')).toMatchObject({ exitCode: 1, state: 'waiting' })
    for (const ring of rings) expect((await cli('keys:rotate', ring, 'remove')).refused).toContain('restart second')
    second?.takeKeysOf(first as Machine)
    await restart('two')
    await invariants.hold()
    expect((await cli('keys:rotate', 'encryption', 'remove')).refused).toContain('has not begun')
    const [rewriting] = await Promise.all([cli('keys:reencrypt', '--run'), invariants.hold(), invariants.hold()])
    expect(rewriting).toMatchObject({ exitCode: 0, state: 'done' })
    await invariants.hold()
    await invariants.oneActive()
    expect(await cli('keys:rotate', 'encryption', 'remove')).toMatchObject({ exitCode: 0, kid: 'old' })
    await invariants.hold()
    await restart('one')
    await invariants.hold()
    second?.takeKeysOf(first as Machine)
    await restart('two')
    await invariants.hold()
    // The audit log keeps its key; another rotation beside it is possible.
    expect((await cli('keys:rotate', 'hash', 'remove')).refused).toContain('audit_events.digest')
    expect(await cli('keys:rotate', 'hash', 'add')).toMatchObject({ exitCode: 0 })
    expect(kids('hash-keys')).toHaveLength(3)
    const types = await database()('audit_events').whereIn('type', ['key_ring_changed', 'rows_rewritten']).pluck('type')
    expect(types.sort()).toEqual([...Array(6).fill('key_ring_changed'), 'rows_rewritten'])
  })

  it('refuses a start with the lists of before, and says what to do', async () => {
    const stale = createMachine(folder, 'stale', first?.variables.DATABASE_URL ?? '')
    stale.makeKeys()
    await expect(startProcess(stale, database())).rejects.toThrow(/holds another key under the id old/)
    const { out } = await runCommand(['members:import', 'x.csv', '--json'], { variables: stale.variables })
    expect(JSON.parse(out)).toMatchObject({ ok: false, error: 'settings' })
  })

  it('tells ages, holders and uses, and never a key', async () => {
    const { rings: shown, processes, ...rest } = await cli('keys:status')
    expect(rest.exitCode).toBe(0)
    expect(processes.map((each: { process: string }) => each.process)).toEqual(['first', 'second'])
    const [, encryption] = shown
    expect(encryption.keys).toMatchObject([{ role: 'writes', days: 0 }])
    expect(encryption.keys[0].usage.find((each: { column: string }) => each.column === 'email').values).toBeGreaterThan(
      10,
    )
    const { out } = await runCommand(['keys:status'], { variables: first?.variables ?? {} })
    for (const file of ['cookie-keys', 'encryption-keys', 'hash-keys'])
      for (const entry of readFileSync(join(first?.folder ?? '', file), 'utf8')
        .trim()
        .split(','))
        expect(out + JSON.stringify(shown)).not.toContain(entry.split(':')[1])
  })

  it('gives a list that comes from no file to a new file or the terminal, only when asked', async () => {
    const { HASH_KEYS_FILE: path = '', ...others } = first?.variables ?? {}
    const variables = {
      ...others,
      COOKIE_KEYS: readFileSync(others.COOKIE_KEYS_FILE ?? '', 'utf8').trim(),
      HASH_KEYS_FILE: path,
    }
    const rotate = (...more: string[]) => runCommand(['keys:rotate', 'cookie', 'add', ...more], { variables })
    expect(await rotate()).toMatchObject({ exitCode: 2, out: '' })
    const target = join(folder, 'new-list')
    const written = await rotate('--out', target)
    expect(written).toMatchObject({ exitCode: 0 })
    const list = readFileSync(target, 'utf8')
    expect(list).toMatch(/^old:[^,]+,\d{4}-\d\d-\d\d:[\w+/=]+$/)
    expect(written.out).not.toContain(list.split(':')[2])
    expect(statSync(target).mode & 0o777).toBe(0o600)
    expect((await rotate('--out', target)).exitCode).toBe(1)
    expect((await rotate('--stdout')).out).toMatch(/^old:/)
    const made = await runCommand(['keys:new', '--stdout', '--kid', 'k2'])
    expect(made.out).toMatch(/^k2:[\w+/]{43}=\n$/)
    expect((await runCommand(['keys:new'])).exitCode).toBe(2)
  })
})
