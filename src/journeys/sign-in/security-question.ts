import { berlinDay } from '../../domain/calendar.ts'
import { signInOf } from '../../domain/factors.ts'
import { checkSecurityAnswer } from '../../domain/input/text-input.ts'
import type { Account } from '../../stores/accounts/accounts.ts'
import type { UnitOfWork } from '../../stores/transaction.ts'
import type { Deps, StoresOf } from '../deps.ts'
import type { FieldErrors, Step, StepRequest } from '../journey.ts'
import type { SignInState, StateOf } from './state.ts'

export type QuestionDeps = Pick<Deps, 'hasher' | 'clock' | 'securityQuestions' | 'mails'> &
  StoresOf<'accounts' | 'insuredPersons'>

/**
 * Sicherheitsfrage (seed, 4) and with it the end of the first sign-in: the account becomes active, the code is used up
 * and the answer is stored in one transaction. It is never a factor of the normal sign-in.
 */
export const securityQuestionStep: Step<SignInState, 'securityQuestion', QuestionDeps> = {
  path: 'sicherheitsfrage',
  keeps: ['securityQuestion'],
  show: (_state, deps, request) => ({
    model: {
      questions: deps.securityQuestions
        .filter((question) => question.offered)
        .map(({ id, de, en }) => ({ id, text: request.language === 'en' ? en : de })),
    },
  }),
  async submit(input, state, deps, request) {
    const errors: FieldErrors = {}
    const question = deps.securityQuestions.find((each) => each.id === input.securityQuestion && each.offered)
    if (!question) errors.securityQuestion = input.securityQuestion ? 'unknown' : 'empty'
    const account = await deps.stores.accounts.find(state.accountId)
    // The registration went meanwhile: another one of the number became active, or its time was over.
    if (!account) return { outcome: 'restart', data: {} }
    const person = account && (await deps.stores.insuredPersons.findByInsuranceNumber(account.insuranceNumber))
    const names = [person?.givenName ?? '', person?.familyName ?? '', account?.username ?? ''].filter(Boolean)
    const text = question ? (request.language === 'en' ? question.en : question.de) : ''
    const answer = checkSecurityAnswer(input.securityAnswer ?? '', { question: text, names })
    if (!answer.ok) errors.securityAnswer = answer.reason
    if (!question || !answer.ok) return { invalid: errors }
    const answerHash = await deps.hasher.hash(answer.value)
    return {
      outcome: 'accepted',
      data: { accountId: account.id, proofs: state.proofs },
      effects: (unit) =>
        completeFirstSignIn(unit, deps, state, account, { question: question.id, answerHash }, request),
    }
  },
}

async function completeFirstSignIn(
  unit: UnitOfWork,
  deps: QuestionDeps,
  state: StateOf<'securityQuestion'>,
  account: Account,
  answer: { question: string; answerHash: string },
  request: StepRequest,
) {
  const now = deps.clock.now()
  const { acr, amr, authTime } = signInOf(state.proofs)
  const lost = { invalid: { securityAnswer: 'code_used' } } as const
  // Two registrations of one number may arrive here at once: the first one wins.
  await unit.letters.lockNumber(account.insuranceNumberHashes)
  if (await unit.accounts.findActiveByNumber(account.insuranceNumber)) return lost
  const usable = await unit.letters.findUsable(account.id, berlinDay(now))
  if (!usable.some((letter) => letter.id === state.letterId)) return lost
  if (!(await unit.letters.consume(state.letterId, now))) return lost
  if (!(await unit.accounts.makeActive(account.id, answer, now, authTime))) return lost
  await unit.letters.endOthers(account.id, state.letterId)
  for (const accountId of await unit.accounts.deleteOtherRegistrations(account.id, account.insuranceNumber))
    await unit.audit.registrationDeleted({ at: now, accountId, reason: 'other_registration_active' })
  if (await unit.browsers.makeKnown(account.id, request.browser, now))
    await unit.audit.browserMadeKnown({ at: now, accountId: account.id, by: 'sign_in' })
  await unit.audit.securityQuestionSet({ at: now, accountId: account.id })
  await unit.audit.accountActivated({ at: now, accountId: account.id })
  await unit.audit.signInSucceeded({
    at: now,
    accountId: account.id,
    clientId: request.application?.clientId ?? '',
    acr,
    amr,
    browserKnown: state.browserKnown,
  })
  await deps.mails.send(unit, account, 'signInReady', {}, now)
}
