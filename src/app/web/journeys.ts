import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { unknownNameHash } from '../../audit/events.ts'
import type { Config } from '../../config.ts'
import { createRandom } from '../../crypto/random.ts'
import { createCommonPasswordCheck } from '../../domain/secrets/common-passwords.ts'
import { type Clock, createSystemClock } from '../../gateways/clock.ts'
import type { Deps } from '../../journeys/deps.ts'
import type { Counts } from '../../metrics/counts.ts'
import { createJourneyLimits } from '../limits.ts'
import type { Services } from '../services.ts'

type Settings = { config: Config; issuer: string; clock: Clock; services: Services; counts: Counts }

/** Gathers what the journeys of members use. */
export function createJourneyDeps({ config, issuer, clock, services, counts }: Settings): Deps {
  const { stores, transaction, protection, operation, messages, letters, accounts } = services
  const { hash } = protection
  const { insurer, limits } = config
  return {
    ...{ stores, transaction, hash, clock, issuer },
    protocolClock: createSystemClock(),
    random: createRandom(),
    hasher: accounts.hasher,
    standing: accounts.standing,
    letters: letters.letters,
    mtans: messages.mtans,
    mails: messages.mails,
    limits: createJourneyLimits(config, { ...operation.limiters, hash }),
    deadlines: config.deadlines,
    securityQuestions: config.securityQuestions,
    unknownNameHash: (name) => unknownNameHash(hash, name),
    isCommonPassword: createCommonPasswordCheck(readLines(join(config.configDir, 'common-passwords.txt'))),
    insurers: insurer.insurers,
    mobileCountries: insurer.mobileCountries,
    termsVersion: insurer.termsVersion,
    browserLinkLifetime: limits.signIn.browserLink.lifetime,
    observeStep: counts.observeStep,
  }
}

const readLines = (path: string): string[] => readFileSync(path, 'utf8').split('\n')
