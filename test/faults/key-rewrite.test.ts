import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { createFieldEncryption, createKeyedHash } from '../../src/crypto/field-encryption.ts'
import { parseKeyRing } from '../../src/crypto/key-ring.ts'
import { writeAccount } from '../../src/stores/accounts/account-record.ts'
import { createAccountStore } from '../../src/stores/accounts/accounts.ts'
import { createKeyUsageStore } from '../../src/stores/keys/key-usage.ts'
import { bare } from '../support/machine/child.ts'
import { createMachine, startProcess } from '../support/machine/machines.ts'
import { newAccount } from '../support/members.ts'
import { describeOnServer, urlOf } from '../support/stores/databases.ts'
import { newKey } from '../support/stores/protection.ts'

const accounts = 4000

describeOnServer('the rewriting of rows, killed with SIGKILL', (database) => {
  const folder = mkdtempSync(join(tmpdir(), 'aok-rewrite-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  const progress = async () => (await database()('key_rewrites').where({ table_name: 'accounts' }).first()) ?? {}

  it('goes on where it was: no row twice, none left out', async () => {
    const machine = createMachine(folder, 'machine', await urlOf(database()))
    machine.makeKeys()
    const old = parseKeyRing(readFileSync(machine.variables.ENCRYPTION_KEYS_FILE ?? '', 'utf8').trim())
    const hashes = parseKeyRing(readFileSync(machine.variables.HASH_KEYS_FILE ?? '', 'utf8').trim())
    const protection = { encryption: createFieldEncryption(old), hash: createKeyedHash(hashes) }
    const rows = Array.from({ length: accounts }, (_, n) =>
      newAccount({ username: `many.${n}`, email: `${n}@example.org` }),
    )
    await database().batchInsert(
      'accounts',
      rows.map((row) => writeAccount(row, protection)),
      500,
    )
    const fresh = newKey('new')
    const list = `new:${fresh.secret.toString('base64')},old:${old[0].secret.toString('base64')}`
    // The key before was in use, so the process that brings the new one in front has it behind first.
    await (await startProcess(machine, database())).stop()
    writeFileSync(machine.variables.ENCRYPTION_KEYS_FILE ?? '', list)

    let killed = 0
    for (let seen = 0; killed < 2; killed++) {
      const child = startRewriting(machine.variables)
      const ended = once(child, 'close')
      await expect.poll(async () => Number((await progress()).rows_seen ?? 0), { interval: 5 }).toBeGreaterThan(seen)
      child.kill('SIGKILL')
      expect((await ended)[1]).toBe('SIGKILL')
      seen = Number((await progress()).rows_seen)
      expect(seen).toBeLessThan(accounts)
    }
    const [code] = await once(startRewriting(machine.variables), 'close')
    expect(code).toBe(0)
    expect(await progress()).toMatchObject({
      rows_seen: String(accounts),
      rows_rewritten: String(accounts),
      rows_unreadable: '0',
    })
    const usage = createKeyUsageStore(database())
    expect(await usage.columnsUsing('encryption', 'old', new Date(), '2026-11-24')).toEqual([])
    const alone = { encryption: createFieldEncryption([fresh]), hash: protection.hash }
    const { account } = await createAccountStore(database(), alone).findSender('many.3210', '')
    expect(account?.email).toBe('3210@example.org')
  })
})

function startRewriting(variables: Record<string, string>) {
  return spawn(process.execPath, ['src/cli/main.ts', 'keys:reencrypt', '--run'], {
    env: { ...bare, LOG_LEVEL: 'silent', ...variables },
    stdio: 'ignore',
  })
}
