import { insuranceNumberHashes } from '../../crypto/blind-index.ts'
import { hashToken } from '../../crypto/field-encryption.ts'
import type { Protection } from '../../crypto/protection.ts'
import type { InsuredPerson } from '../../domain/register/eligibility.ts'
import type { Database } from '../database/database.ts'
import { type LeftOut, openEach } from '../open-each.ts'
import { createInsuredPersonStore } from '../register/insured-persons.ts'
import { openPerson, personColumns, personDayColumns } from '../register/person-record.ts'
import { type Account, type AccountRow, accountColumns, readAccount } from './account-record.ts'

/** Columns of a table under its alias. */
const namesOf = (alias: string, columns: readonly string[]) => columns.map((column) => `${alias}.${column}`).join(', ')

/** The id that no account has. */
const nobody = '00000000-0000-4000-8000-000000000000'

/** The ways in which an account is found; part of the store of accounts. */
export function createAccountLookUps(db: Database, protection: Protection) {
  const { hash } = protection
  const accounts = () => db('accounts')
  const readRow = (row: AccountRow) => readAccount(row, protection)
  const toAccount = (row: AccountRow | undefined): Account | null => (row ? readRow(row) : null)
  return {
    find: async (id: string) => toAccount(await accounts().where({ id }).first(accountColumns)),
    findMany: async (ids: readonly string[], leftOut?: LeftOut) =>
      openEach(await accounts().whereIn('id', ids), readRow, leftOut),
    /**
     * The account of a user name, and whether it knows the browser: one statement that takes the same work for every name.
     * `browser` is the random id in the browser's signed cookie.
     */
    async findSender(username: string, browser: string): Promise<{ account: Account | null; browserKnown: boolean }> {
      const { rows } = await db.raw(
        `select ${namesOf('a', accountColumns)}, exists (
           select 1 from known_browsers b where b.account_id = coalesce(a.id, ?::uuid) and b.browser_hash = ?
         ) as browser_known
         from (select ?::text as username) asked left join accounts a on a.username = asked.username`,
        [nobody, hashToken(browser), username],
      )
      const [row] = rows
      return { account: row.id === null ? null : readRow(row), browserKnown: row.browser_known }
    },
    /** An account and its person in the register, who may have come there under an older key. */
    async findWithPerson(id: string): Promise<{ account: Account; person: InsuredPerson | null } | null> {
      const { rows } = await db.raw(
        `select ${namesOf('a', accountColumns)}, to_jsonb(p) as person
         from accounts a left join lateral (
           select ${namesOf('i', [...personColumns, ...personDayColumns])}
           from insured_persons i where i.insurance_number_hash = a.insurance_number_hash
         ) p on true where a.id = ?`,
        [id],
      )
      const [row] = rows
      if (!row) return null
      const account = readRow(row)
      if (row.person) return { account, person: openPerson(protection, row.person) }
      const olderKeys = account.insuranceNumberHashes.length > 1
      const persons = createInsuredPersonStore(db, protection)
      return { account, person: olderKeys ? await persons.findByInsuranceNumber(account.insuranceNumber) : null }
    },
    /** Accounts and registrations of this number, those that were active first, then the newest. */
    findAllByNumber: async (insuranceNumber: string, limit: number): Promise<Account[]> => {
      const rows = accounts().whereIn('insurance_number_hash', insuranceNumberHashes(hash, insuranceNumber))
      return (await rows.orderByRaw('active_since desc nulls last, registered_at desc, id').limit(limit)).map(readRow)
    },
    findByUsername: async (username: string) => toAccount(await accounts().where({ username }).first(accountColumns)),
    /** The state of an account, which nobody changes until the transaction ends; null when it is gone. */
    holdState: async (id: string): Promise<Account['state'] | null> =>
      (await accounts().where({ id }).forUpdate().first('state'))?.state ?? null,
    /** The argon2id hash of the answer to the security question; null while there is none. */
    securityAnswerHash: async (id: string): Promise<string | null> =>
      (await accounts().where({ id }).first('security_answer_hash'))?.security_answer_hash ?? null,
    usernameTaken: async (username: string) =>
      (await accounts().where({ username }).first(db.raw('1 as taken'))) !== undefined,
    /** The account of this number that has been signed in to before and has not ended. */
    findActiveByNumber: async (insuranceNumber: string) =>
      toAccount(
        await accounts()
          .whereIn('insurance_number_hash', insuranceNumberHashes(hash, insuranceNumber))
          .whereNotNull('active_since')
          .whereNot({ state: 'ended' })
          .first(),
      ),
    /** Those of these number hashes whose account has been signed in to before and has not ended. */
    activeHashes: async (hashes: readonly string[]): Promise<Set<string>> =>
      new Set(
        await accounts()
          .whereIn('insurance_number_hash', hashes)
          .whereNotNull('active_since')
          .whereNot({ state: 'ended' })
          .pluck('insurance_number_hash'),
      ),
    /** Accounts with one of these number hashes that have been active, for the rules of an import. */
    findAllByNumberHashes: async (hashes: string[], leftOut?: LeftOut) =>
      openEach(await accounts().whereIn('insurance_number_hash', hashes), readRow, leftOut),
  }
}
