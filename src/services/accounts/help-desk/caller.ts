import type { Actor } from '../../../audit/event.ts'
import { normaliseSecurityAnswer } from '../../../domain/input/text-input.ts'
import type { HelpDeskSettings } from './settings.ts'

/** Tries at the security question of an account in an hour, whoever of the staff asks. */
export const answerTries = 3

export type CallerOutcome = { outcome: 'right' | 'wrong' | 'no_question' } | { outcome: 'limited'; until: Date }

/**
 * Creates the identification of a caller: staff ask the question and type the answer, and learn whether it is right, never what the
 * answer is. Tries are counted by themselves: using them up keeps nobody from signing in.
 */
export function createCallerIdentification({ stores, transaction, clock, hasher, limits }: HelpDeskSettings) {
  return async (
    accountId: string,
    answer: string,
    { actor, session }: { actor: Actor; session?: string },
  ): Promise<CallerOutcome> => {
    const hashed = await stores.accounts.securityAnswerHash(accountId)
    if (hashed === null) return { outcome: 'no_question' }
    // Counted before the comparison; the right answer was no try.
    const until = await limits.answers.use(accountId)
    if (until) return { outcome: 'limited', until }
    const right = await hasher.verify(normaliseSecurityAnswer(answer.slice(0, 800)), hashed)
    const at = clock.now()
    await transaction(async (unit) => {
      await unit.audit.callerIdentified({ at, actor, accountId, right })
      if (right && session !== undefined) await unit.memberLooks.identified(session, accountId, at)
    })
    if (right) await limits.answers.giveBack(accountId)
    return { outcome: right ? 'right' : 'wrong' }
  }
}
