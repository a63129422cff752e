import { createPasswordHasher } from '../../crypto/password-hasher.ts'
import { createDataEnds } from '../../services/accounts/data-ends.ts'
import { createDeadlineTasks } from '../../services/accounts/deadlines.ts'
import { createStandingService } from '../../services/accounts/standing.ts'
import { createCoverageCheck } from '../../services/register/coverage-check.ts'
import { findPasswordGenerations } from '../../stores/accounts/password-generations.ts'
import type { Ground } from './ground.ts'
import type { LetterServices } from './letters.ts'
import type { MessageServices } from './messages.ts'

/** Wires accounts: passwords, what they may do today, and their deadlines and ends. */
export function createAccountServices(
  { config, knex, stores, transaction, clock }: Ground,
  { letters }: LetterServices,
  { mails }: MessageServices,
) {
  const { deadlines, limits } = config
  const standing = createStandingService({ deadlines, letters })
  const given = { stores, transaction, clock, deadlines }
  return {
    hasher: createPasswordHasher(limits.argon2, () => findPasswordGenerations(knex)),
    standing,
    deadlineTasks: createDeadlineTasks({ ...given, mails }),
    dataEnds: createDataEnds(given),
    checkCoverage: createCoverageCheck({ ...given, standing }),
  }
}

export type AccountServices = ReturnType<typeof createAccountServices>
