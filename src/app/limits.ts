import type { Config } from '../config.ts'
import type { Limit, LimitRule } from '../gateways/limiter.ts'
import type { JourneyLimits } from '../journeys/deps.ts'
import type { MtanLimits } from '../services/mtans.ts'
import type { SpendingLimits } from '../services/sms-receipts.ts'

type Limiter = (rule: LimitRule) => Limit

const minute = 60
const hour = 60 * minute
const day = 24 * hour

/** Prices are counted in hundredths of a cent. */
const perEuro = 10_000

/** Limits per client address are multiplied by IP_LIMIT_FACTOR; no other limit is. */
const perAddress = (config: Config, count: number) => Math.ceil(count * config.addressLimitFactor)

/**
 * Creates the limits that journeys count against, with the numbers of `config/limits.yaml`. `brief` ones end within an
 * hour and may be lost; `lasting` ones count a day, or protect a code, and are never lost.
 */
export function createJourneyLimits(
  config: Config,
  { brief, lasting }: { brief: Limiter; lasting: Limiter },
): JourneyLimits {
  const { signIn, unlockCode, usernameChecks, registration, activationMail } = config.limits
  return {
    signInFailures: brief({ name: 'sign_in_failures', ...signIn.failures }),
    knownDeviceFailures: brief({ name: 'sign_in_failures_known_device', ...signIn.failures }),
    signInAddress: brief({
      name: 'sign_in_address',
      count: perAddress(config, signIn.perAddressAndMinute),
      window: minute,
    }),
    deviceLink: brief({ name: 'device_link', count: signIn.deviceLink.perAccountAndHour, window: hour }),
    wrongUnlockCode: lasting({ name: 'unlock_code', ...unlockCode, count: unlockCode.wrong }),
    usernameChecks: brief({
      name: 'username_checks',
      count: perAddress(config, usernameChecks.perAddressAndHour),
      window: hour,
    }),
    registrationAddress: brief({
      name: 'registration_address',
      count: perAddress(config, registration.perAddressAndHour),
      window: hour,
    }),
    activationMail: lasting({ name: 'activation_mail', count: activationMail.perAccountAndDay, window: day }),
  }
}

/** Creates the budgets of mTAN sending, separate for registrations and for sends after a right password. */
export function createMtanLimits(config: Config, limiter: Limiter): MtanLimits {
  const { registration, signIn, spending } = config.limits.mtan
  const { inAll, perCountry, countries } = spending.registration
  return {
    registrationSpending: limiter({ name: 'mtan_registration_spending', count: inAll * perEuro, window: day }),
    registrationSpendingIn: (country) =>
      limiter({
        name: 'mtan_registration_spending_country',
        count: (countries[country] ?? perCountry) * perEuro,
        window: day,
      }),
    registrationNumber: limiter({ name: 'mtan_registration_number', count: registration.perNumberAndDay, window: day }),
    registrationAddress: limiter({
      name: 'mtan_registration_address',
      count: perAddress(config, registration.perAddressAndHour),
      window: hour,
    }),
    registrationGlobal: limiter({ name: 'mtan_registration_global', count: registration.globalPerHour, window: hour }),
    signInNumberHour: limiter({ name: 'mtan_sign_in_hour', count: signIn.perNumberAndHour, window: hour }),
    signInNumberDay: limiter({ name: 'mtan_sign_in_day', count: signIn.perNumberAndDay, window: day }),
  }
}

/** Creates the limits of what SMS after a right password may cost before operators are told. */
export function createSpendingLimits({ limits }: Config): SpendingLimits {
  const { inAll, perCountry, countries } = limits.mtan.spending.signIn
  return { inAll: inAll * perEuro, to: (country) => (countries[country] ?? perCountry) * perEuro }
}
