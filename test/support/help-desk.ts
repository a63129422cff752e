import { createRandom } from '../../src/crypto/random.ts'
import { normaliseSecurityAnswer } from '../../src/domain/input/text-input.ts'
import { createLimiter } from '../../src/gateways/limiter.ts'
import { createHelpDesk } from '../../src/services/accounts/help-desk/help-desk.ts'
import { createMailService } from '../../src/services/messages/mails.ts'
import type { Account, NewAccount } from '../../src/stores/accounts/accounts.ts'
import { defaultDeadlines } from './deadlines.ts'
import type { ServiceWorld } from './services.ts'

const [hour, day] = [3600, 24 * 3600]

/** The answer to the security question of every member here. */
export const answer = 'Frau Huber'

/** The help desk over the world of a test; the hash of an answer is the answer. */
export function createDesk(world: ServiceWorld) {
  const { stores, transaction, clock, letters, protection } = world
  const limiter = createLimiter(stores.rateLimits, clock)
  const limits = {
    looks: limiter({ name: 'member_looks', count: 60, window: hour }),
    reveals: limiter({ name: 'member_reveals', count: 60, window: hour }),
    answers: limiter({ name: 'caller_answers', count: 3, window: hour }),
    activationMails: limiter({ name: 'activation_mail_staff', count: 3, window: day }),
    clearedPauses: limiter({ name: 'cleared_pauses', count: 5, window: day }),
    signInFailures: limiter({ name: 'sign_in_failures', count: 10, window: hour, pause: 900 }),
    wrongUnlockCode: limiter({ name: 'unlock_code', count: 5, window: hour, pause: 600 }),
  }
  const desk = createHelpDesk({
    ...{ stores, transaction, clock, letters, limits, hash: protection.hash, deadlines: defaultDeadlines },
    hasher: { verify: async (given, hashed) => given === hashed },
    mails: createMailService({ random: createRandom(), issuer: 'https://anmeldung.example.org' }),
    securityQuestions: [
      { id: 'first_teacher', de: 'Wie hieß Ihre erste Lehrerin?', en: 'Who was your first teacher?' },
    ],
    applicationName: async (clientId) => `Name of ${clientId}`,
  })
  return {
    desk,
    limits,
    /** An account that has been active and has a security question. */
    async active(changes: Partial<NewAccount> = {}): Promise<Account> {
      const { id } = await world.activated(changes)
      await world.makeActive(id)
      const answered = { security_question: 'first_teacher', security_answer_hash: normaliseSecurityAnswer(answer) }
      await world.db('accounts').where({ id }).update(answered)
      return await world.account(id)
    },
  }
}

export type Desk = ReturnType<typeof createDesk>
