import { randomUUID } from 'node:crypto'
import type { PasswordHasher } from '../crypto/password-hasher.ts'
import type { Random } from '../crypto/random.ts'
import { type Role, roles } from '../domain/staff/rights.ts'
import type { Clock } from '../gateways/clock.ts'
import { totpSecretOf, totpUri } from '../services/staff/totp.ts'
import type { Stores } from '../stores/index.ts'
import type { Transaction } from '../stores/transaction.ts'
import { demoPassword } from './seed.ts'

type Settings = {
  stores: Pick<Stores, 'staff' | 'settings'>
  transaction: Transaction
  clock: Clock
  hasher: PasswordHasher
  random: Pick<Random, 'bytes'>
}

/** A log-in at the console; `totpUri` is for an authenticator app. */
export type DemoStaff = { email: string; role: Role; password: string; totpSecret: string; totpUri: string }

const domain = '@demo.invalid'

/** Lets one person of each role in at the first development start, and tells their log-ins at every one. */
export async function seedDemoStaff({ stores, transaction, clock, hasher, random }: Settings): Promise<DemoStaff[]> {
  if (!(await stores.settings.get('demo_staff_loaded'))) {
    const passwordHash = await hasher.hash(demoPassword)
    await transaction(async (unit) => {
      const now = clock.now()
      await unit.staff.lock()
      if (await unit.settings.get('demo_staff_loaded')) return
      for (const role of roles) {
        const id = randomUUID()
        await unit.staff.add({ id, email: role + domain, role, language: 'de', invitedBy: 'system', invitedAt: now })
        await unit.staff.join(id, { passwordHash, totpSecret: totpSecretOf(random.bytes(20)) }, now)
      }
      await unit.settings.set('demo_staff_loaded', now.toISOString())
    })
  }
  const people = (await stores.staff.all()).filter(({ email }) => email.endsWith(domain))
  const logins = await Promise.all(
    people.map(async ({ id, email, role }) => {
      const secrets = await stores.staff.secrets(id)
      const uri = secrets && totpUri(secrets.totpSecret, { email, issuer: 'Demo' })
      return secrets && { email, role, password: demoPassword, totpSecret: secrets.totpSecret, totpUri: uri as string }
    }),
  )
  return logins.filter((login) => login !== null)
}
