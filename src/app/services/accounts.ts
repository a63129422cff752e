import { createPasswordHasher } from '../../gateways/password-hasher.ts'
import { createCoverageCheck } from '../../services/coverage-check.ts'
import { createDataEnds } from '../../services/data-ends.ts'
import { createDeadlineTasks } from '../../services/deadlines.ts'
import { createStandingService } from '../../services/standing.ts'
import { findPasswordGenerations } from '../../stores/password-generations.ts'
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
