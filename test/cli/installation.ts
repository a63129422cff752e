import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commands } from '../../src/cli/commands.ts'
import { type CliIo, runCli } from '../../src/cli/frame.ts'
import { loadConfig } from '../../src/config.ts'
import { createFieldEncryption, createKeyedHash } from '../../src/crypto/field-encryption.ts'
import { createAccountStore } from '../../src/stores/accounts/accounts.ts'
import { openDatabase } from '../../src/stores/database/database.ts'
import { createServiceWorld } from '../support/services.ts'
import { copyTemplate } from '../support/stores/database-templates.ts'

/** Runs a command line against given settings and collects what it prints. */
export async function runCommand(args: string[], io: Partial<CliIo> = {}) {
  const printed = { out: '', err: '' }
  const exitCode = await runCli(commands, args, {
    variables: {},
    out: (text) => {
      printed.out += text
    },
    err: (text) => {
      printed.err += text
    },
    ...io,
  })
  return { exitCode, ...printed }
}

/** Opens a data folder as the running service does; the command line joins its database. */
export async function createInstallation() {
  const dataDir = mkdtempSync(join(tmpdir(), 'aok-cli-'))
  copyTemplate(dataDir, 'empty')
  const database = await openDatabase({ dataDir })
  /** Each operator works with an account of his own on the machine, unless the test says otherwise. */
  const osAccount = (args: string[]) => () => String(args[args.indexOf('--operator') + 1]).toLowerCase()
  const run = (args: string[], io: Partial<CliIo> = {}) =>
    runCommand(args, { variables: { DATA_DIR: dataDir }, osAccount: osAccount(args), ...io })
  /** The keys that the first command of this installation made. */
  const protection = () => {
    const { encryptionKeys, hashKeys } = loadConfig({ DATA_DIR: dataDir }).secrets
    return { encryption: createFieldEncryption(encryptionKeys), hash: createKeyedHash(hashKeys) }
  }
  return {
    dataDir,
    knex: database.knex,
    /** The services around a registration, with the keys of this installation. */
    createWorld: () => createServiceWorld(database.knex, new Date().toISOString(), protection()),
    run,
    runJson: async (args: string[], io: Partial<CliIo> = {}) => {
      const { exitCode, out } = await run([...args, '--json'], io)
      return { exitCode, ...JSON.parse(out) }
    },
    writeFile(content: string): string {
      const path = join(dataDir, 'members.csv')
      writeFileSync(path, content)
      return path
    },
    /** Adds an account that has been active, of the person with this insurance number. */
    async addActiveAccount(
      insuranceNumber: string,
      { email = 'max@example.org', username = 'max.mustermann' } = {},
    ): Promise<string> {
      const id = randomUUID()
      await createAccountStore(database.knex, protection()).create({
        id,
        username,
        passwordHash: 'x',
        insuranceNumber,
        insurerNumber: '108310400',
        identification: 'post',
        email,
        mobile: '+4915112345670',
        language: 'de',
        termsVersion: '1',
        registeredAt: new Date('2026-01-01T09:00:00Z'),
        activationLastDay: '2026-01-29',
      })
      const active_since = new Date('2026-01-04T09:00:00Z')
      await database.knex('accounts').where({ id }).update({ state: 'active', active_since })
      return id
    },
    async close() {
      await database.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
