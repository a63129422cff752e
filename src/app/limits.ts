import type { Config } from '../config.ts'
import type { KeyedHash } from '../crypto/field-encryption.ts'
import { createAddressLimit } from '../gateways/address-limit.ts'
import type { Limiter, LimitRule } from '../gateways/limiter.ts'
import type { RequestLimits } from '../http/middleware/request-limits.ts'
import type { JourneyLimits } from '../journeys/deps.ts'
import { answerTries } from '../services/accounts/help-desk/caller.ts'
import type { HelpDeskLimits } from '../services/accounts/help-desk/settings.ts'
import type { MtanLimits } from '../services/messages/mtans.ts'
import { createNumberLimit } from '../services/messages/number-limit.ts'
import type { SpendingLimits } from '../services/messages/sms-receipts.ts'
import type { StaffSignInLimits } from '../services/staff/lanes.ts'

const minute = 60
const hour = 60 * minute
const day = 24 * hour

/** Prices are counted in hundredths of a cent. */
const perEuro = 10_000

/**
 * Creates limits per client address: they count its prefixes, too, and are multiplied by IP_LIMIT_FACTOR, as no other
 * limit is.
 */
const createAddressLimits = (config: Config, limiter: Limiter, hash: KeyedHash) => (rule: LimitRule) =>
  createAddressLimit(
    { limiter, hash, factors: config.limits.addressPrefixes },
    { ...rule, count: Math.ceil(rule.count * config.addressLimitFactor) },
  )

/** Wrong passwords from unknown browsers, and wrong unlock codes: staff clear the pauses in which they end. */
const pausesOf = (config: Config, { brief, lasting }: { brief: Limiter; lasting: Limiter }) => ({
  signInFailures: brief({ name: 'sign_in_failures', ...config.limits.signIn.failures }),
  wrongUnlockCode: lasting({
    name: 'unlock_code',
    ...config.limits.unlockCode,
    count: config.limits.unlockCode.wrong,
  }),
})

/**
 * Creates the limits that journeys count against, with the numbers of `config/limits.yaml`. `brief` ones end within an
 * hour and may be lost; `lasting` ones count a day, or protect a code, and are never lost.
 */
export function createJourneyLimits(
  config: Config,
  { brief, lasting, hash }: { brief: Limiter; lasting: Limiter; hash: KeyedHash },
): JourneyLimits {
  const { signIn, usernameChecks, registration, activationMail } = config.limits
  const perAddress = createAddressLimits(config, brief, hash)
  return {
    ...pausesOf(config, { brief, lasting }),
    knownBrowserFailures: brief({ name: 'sign_in_failures_known_browser', ...signIn.failures }),
    signInAddress: perAddress({ name: 'sign_in_address', count: signIn.perAddressAndMinute, window: minute }),
    browserLink: brief({ name: 'browser_link', count: signIn.browserLink.perAccountAndHour, window: hour }),
    usernameChecks: perAddress({ name: 'username_checks', count: usernameChecks.perAddressAndHour, window: hour }),
    registrationAddress: perAddress({
      name: 'registration_address',
      count: registration.perAddressAndHour,
      window: hour,
    }),
    activationMail: lasting({ name: 'activation_mail', count: activationMail.perAccountAndDay, window: day }),
  }
}

/** Creates the limits of what is stored before anybody has proven who it is. */
export function createRequestLimitsOf(config: Config, limiter: Limiter, hash: KeyedHash): RequestLimits {
  const { authorizationRequests: most } = config.limits
  const perAddress = createAddressLimits(config, limiter, hash)
  return {
    authorization: [
      perAddress({ name: 'authorization_minute', count: most.perAddressAndMinute, window: minute }),
      perAddress({ name: 'authorization_hour', count: most.perAddressAndHour, window: hour }),
    ],
    knownBrowser: limiter({ name: 'authorization_browser', count: most.perKnownBrowserAndMinute, window: minute }),
    pushed: perAddress({ name: 'authorization_pushed', count: most.pushedPerAddressAndMinute, window: minute }),
  }
}

/** Creates the limits of the sign-in at the console: the numbers are those of members. */
export function createStaffLimits(config: Config, limiter: Limiter, hash: KeyedHash): StaffSignInLimits {
  const { failures, perAddressAndMinute } = config.limits.signIn
  const perAddress = createAddressLimits(config, limiter, hash)
  return {
    address: perAddress({ name: 'staff_address', count: perAddressAndMinute, window: minute }),
    challenges: perAddress({ name: 'staff_challenges', count: perAddressAndMinute, window: minute }),
    failures: limiter({ name: 'staff_failures', ...failures }),
    knownBrowserFailures: limiter({ name: 'staff_failures_known_browser', ...failures }),
  }
}

/**
 * Creates the limits of the help desk. They are no settings: 60 calls an hour are more than anybody takes, and fewer than somebody needs
 * who collects members; three answers to a question leave room for a slip of the tongue, and none for guessing.
 */
export function createHelpDeskLimits(config: Config, limiters: { brief: Limiter; lasting: Limiter }): HelpDeskLimits {
  const { brief, lasting } = limiters
  const { activationMail } = config.limits
  return {
    ...pausesOf(config, limiters),
    looks: brief({ name: 'member_looks', count: 60, window: hour }),
    reveals: brief({ name: 'member_reveals', count: 60, window: hour }),
    answers: lasting({ name: 'caller_answers', count: answerTries, window: hour }),
    activationMails: lasting({ name: 'activation_mail_staff', count: activationMail.perAccountAndDay, window: day }),
    clearedPauses: lasting({ name: 'cleared_pauses', count: 5, window: day }),
  }
}

/** Creates the budgets of mTAN sending, separate for registrations and for sends after a right password. */
export function createMtanLimits(config: Config, limiter: Limiter, hash: KeyedHash): MtanLimits {
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
    registrationNumber: (number) => createNumberLimit(number, { limiter, hash, rules: registration }),
    registrationAddress: createAddressLimits(
      config,
      limiter,
      hash,
    )({ name: 'mtan_registration_address', count: registration.perAddressAndHour, window: hour }),
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
