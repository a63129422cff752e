import { randomUUID } from 'node:crypto'
import type { Config } from '../../src/config.ts'
import { createFieldEncryption, createKeyedHash } from '../../src/crypto/field-encryption.ts'
import { createPasswordHasher } from '../../src/crypto/password-hasher.ts'
import { addDays, berlinDay } from '../../src/domain/calendar.ts'
import type { InsuredPerson } from '../../src/domain/register/eligibility.ts'
import { insuranceNumberCheckDigit } from '../../src/domain/register/insurance-number.ts'
import { openDatabase } from '../../src/stores/database/database.ts'
import { migrate } from '../../src/stores/database/migrations.ts'
import { createStores, type Stores } from '../../src/stores/index.ts'

/** A member of the benchmark who can sign in. `mobile` in E.164. */
export type Member = { username: string; password: string; mobile: string }

const password = 'Wiesengrund-7-Almhuette'

/**
 * Creates active accounts straight through the stores, before the application starts. Many of them: the budget of mTANs per
 * number and hour (security.md) shall not be what the benchmark measures.
 */
export async function createMembers(config: Config, count: number): Promise<Member[]> {
  const database = await openDatabase(config.database)
  try {
    await migrate(database.knex)
    const hash = createKeyedHash(config.secrets.hashKeys)
    const protection = { encryption: createFieldEncryption(config.secrets.encryptionKeys), hash }
    const hasher = await createPasswordHasher(config.limits.argon2)
    const passwordHash = await hasher.hash(password)
    return await database.knex.transaction(async (trx) => {
      const stores = createStores(trx, protection)
      const numbers = Array.from({ length: count }, (_, index) => numberOf(index))
      await stores.insuredPersons.upsertMany(numbers.map(personOf), new Date())
      const members = numbers.map((_, index) => memberOf(index))
      for (const [index, member] of members.entries())
        await createActive(stores, { ...member, insuranceNumber: numbers[index]!, passwordHash })
      return members
    })
  } finally {
    await database.close()
  }
}

const memberOf = (index: number): Member => ({
  username: `bench.${index}`,
  password,
  mobile: `+4915119${String(100_000 + index)}`,
})

function numberOf(index: number): string {
  const first9 = `Q${String(10_000_000 + index)}`
  return `${first9}${insuranceNumberCheckDigit(first9)}`
}

const personOf = (insuranceNumber: string): InsuredPerson => ({
  insuranceNumber,
  insurerNumber: '108310400',
  givenName: 'Rosa',
  familyName: 'Probe',
  birthDate: '1980-01-01',
  address: { street: 'Musterweg 1', postalCode: '80331', city: 'München', country: 'DE' } as InsuredPerson['address'],
  coverageFrom: '2000-01-01',
  coverageTo: null,
  guardianConsentRequired: false,
  deceasedOn: null,
  largePrint: false,
})

type Account = { username: string; mobile: string; insuranceNumber: string; passwordHash: string }

async function createActive({ accounts }: Stores, { username, mobile, insuranceNumber, passwordHash }: Account) {
  const now = new Date()
  const today = berlinDay(now)
  const id = randomUUID()
  await accounts.create({
    id,
    username,
    mobile,
    insuranceNumber,
    passwordHash,
    email: `${username}@example.org`,
    insurerNumber: '108310400',
    identification: 'post',
    language: 'de',
    termsVersion: '1',
    registeredAt: now,
    activationLastDay: addDays(today, 28),
  })
  await accounts.activateRegistration(id, now)
  await accounts.markLetterPosted(id, addDays(today, 30), now)
  // The answer is never asked for here; any hash will do.
  await accounts.makeActive(id, { question: 'first_pet', answerHash: passwordHash }, now)
}
