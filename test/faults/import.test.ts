import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { createFieldEncryption, createKeyedHash } from '../../src/crypto/field-encryption.ts'
import { parseKeyRing } from '../../src/crypto/key-ring.ts'
import { openPerson } from '../../src/stores/register/person-record.ts'
import { writeMemberFile } from '../bench/member-file.ts'
import { createMachine } from '../support/machine/machines.ts'
import { describeOnServer, urlOf } from '../support/stores/databases.ts'
import { awaitLease, killImports, startImport } from './import.ts'

const kills = Number(process.env.FAULT_KILLS ?? 3)
const count = 6000

describeOnServer('imports, killed with SIGKILL', (database) => {
  const folder = mkdtempSync(join(tmpdir(), 'aok-import-'))
  const [before, after] = [join(folder, 'before.csv'), join(folder, 'after.csv')]
  let variables: Record<string, string>
  beforeAll(async () => {
    const machine = createMachine(folder, 'machine', await urlOf(database()))
    machine.makeKeys()
    variables = machine.variables
    await writeMemberFile(before, { count })
    // 2000 have moved, 1000 have left, 1000 are new.
    await writeMemberFile(after, { from: 1000, count, moved: 2000 })
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  afterEach(() => database()('insured_persons').delete())

  const ring = (name: string) => parseKeyRing(readFileSync(variables[name] ?? '', 'utf8').trim())

  /** The register in clear, by insurance number, without what differs between two imports by nature. */
  async function readRegister() {
    const protection = {
      encryption: createFieldEncryption(ring('ENCRYPTION_KEYS_FILE')),
      hash: createKeyedHash(ring('HASH_KEYS_FILE')),
    }
    const rows = await database()('insured_persons').select('*')
    return new Map(rows.map((row) => openPerson(protection, row)).map((person) => [person.insuranceNumber, person]))
  }

  const full = ['--full', '--accept-left', '1000']

  it('lets one of two processes at once do it; the other says since when it runs', async () => {
    const { first, second } = await database().transaction(async (trx) => {
      // The first one takes the register, and waits here until the second one has been refused.
      await trx.raw('lock table member_import_rows in share mode')
      const first = startImport(before, { ...variables, DATABASE_LOCK_TIMEOUT: '0' })
      await awaitLease(database(), first)
      return { first, second: await startImport(before, variables).ended }
    })
    expect(second).toMatchObject({ exitCode: 1, report: { outcome: 'refused', cause: 'running' } })
    expect(Date.parse(String(second.report.runsSince))).toBeLessThanOrEqual(Date.now())
    expect((await first.ended).report).toMatchObject({ added: count })
  })

  it(
    'gives the register of an undisturbed import, wherever earlier ones of the file were killed',
    async () => {
      expect((await startImport(before, variables).ended).report).toMatchObject({ added: count })
      expect((await startImport(after, variables, full).ended).report).toMatchObject({ changed: 2000, left: 1000 })
      const undisturbed = await readRegister()
      await database()('insured_persons').delete()

      const killed = await killImports(database(), () => startImport(before, variables), { times: kills, within: 1500 })
      expect((await startImport(before, variables).ended).exitCode).toBe(0)
      const killedAgain = await killImports(database(), () => startImport(after, variables, full), {
        times: kills,
        within: 1500,
      })
      expect((await startImport(after, variables, full).ended).exitCode).toBe(0)
      expect(killed + killedAgain).toBeGreaterThan(0)
      expect(await readRegister()).toEqual(undisturbed)
      expect(await database()('member_import_rows').first()).toBeUndefined()
      expect(await database()('member_import_leavers').first()).toBeUndefined()
    },
    240_000 + kills * 30_000,
  )
})
