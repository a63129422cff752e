import { berlinDay } from '../domain/calendar.ts'
import { fullName } from '../domain/input/person-name.ts'
import { birthdateClaim } from '../domain/register/partial-day.ts'
import type { Clock } from '../gateways/clock.ts'
import type { StandingService } from '../services/accounts/standing.ts'
import type { Stores } from '../stores/index.ts'
import type { OidcAccount } from './provider-deps.ts'

type Settings = {
  stores: Pick<Stores, 'accounts'>
  standing: Pick<StandingService, 'judge'>
  clock: Clock
}

/** An account may be used by applications while it is active; whoever is suspended or ended is signed out. */
export async function findAccount(
  accountId: string,
  { stores, standing, clock }: Settings,
): Promise<OidcAccount | undefined> {
  const found = await stores.accounts.findWithPerson(accountId)
  if (found?.account.state !== 'active') return undefined
  const { account, person } = found
  // Death, guardian or the end of the grace count at once, also for sessions and refresh tokens.
  if (standing.judge(account, person, clock.now()).change !== 'none') return undefined
  return {
    accountId,
    signInsFrom: account.signInsFrom,
    async claims() {
      const covered = person !== null && (!person.coverageTo || person.coverageTo >= berlinDay(clock.now()))
      return {
        // A claim without a value is left out (OpenID Connect Core 1.0, 5.3.2): some people have one name only.
        given_name: person?.givenName || undefined,
        family_name: person?.familyName || undefined,
        name: person ? fullName(person) : undefined,
        birthdate: person ? birthdateClaim(person.birthDate) : undefined,
        preferred_username: account.username,
        email: account.email,
        email_verified: true,
        phone_number: account.mobile,
        phone_number_verified: true,
        insurance_number: account.insuranceNumber,
        insurer_number: account.insurerNumber,
        insurance_status: covered ? 'active' : 'ended',
      }
    },
  }
}
