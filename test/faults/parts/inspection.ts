import { loadConfig } from '../../../src/config.ts'
import { createFieldEncryption, createKeyedHash } from '../../../src/crypto/field-encryption.ts'
import { createAccountStore } from '../../../src/stores/accounts/accounts.ts'
import { openDatabase } from '../../../src/stores/database/database.ts'
import type { PrintedLetter } from './post-office.ts'

/** Where a member stands on his way; each step leads to the next. */
export const stages = ['none', 'pending_activation', 'awaiting_letter', 'letter_posted', 'active'] as const
export type Stage = (typeof stages)[number]

export type Inspection = Awaited<ReturnType<typeof openInspection>>

/** What happens once in the life of a registration, as the audit log names it. */
const onlyOnce = ['registration_created', 'registration_activated', 'letter_posted', 'account_activated']

/** Opens the eyes of a test into the database of an installation. */
export async function openInspection(variables: Record<string, string>) {
  const config = loadConfig(variables)
  const { encryptionKeys, hashKeys } = config.secrets
  const protection = { encryption: createFieldEncryption(encryptionKeys), hash: createKeyedHash(hashKeys) }
  const { knex, close } = await openDatabase({ ...config.database, poolSize: 2 } as typeof config.database)
  const accounts = createAccountStore(knex, protection)
  const rows = async (sql: string, values: unknown[] = []) => (await knex.raw(sql, values as string[])).rows
  return {
    close,
    rows,
    async stageOf(username: string): Promise<Stage> {
      const { account } = await accounts.findSender(username, '')
      return (account?.state ?? 'none') as Stage
    },
    /** Whatever was done twice: steps of a registration, open letters, codes. */
    async doubles(posted: readonly PrintedLetter[]): Promise<string[]> {
      const codes = posted.flatMap(({ code }) => code ?? [])
      const sameCode = codes.filter((code, index) => codes.indexOf(code) !== index)
      const events = await rows(
        `select type, account_id, count(*) n from audit_events where type = any(?) and account_id is not null
         group by type, account_id having count(*) > 1`,
        [onlyOnce],
      )
      const open = await rows(
        `select account_id from unlock_letters where state = 'posted' group by account_id having count(*) > 1`,
      )
      return [
        ...sameCode.map(() => 'one code stands in two letters'),
        ...events.map((event: { type: string; account_id: string }) => `${event.type} twice for ${event.account_id}`),
        ...open.map((row: { account_id: string }) => `two letters for ${row.account_id}`),
      ]
    },
    /** Messages that neither left nor ended. */
    async messagesWaiting(): Promise<number> {
      const [row] = await rows('select count(*) n from messages where delivered_at is null and failed_at is null')
      return Number(row.n)
    },
  }
}
