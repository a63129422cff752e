import type { Deps } from '../deps.ts'
import type { Journey } from '../journey.ts'
import { type EmailBouncedDeps, emailBouncedStep } from './email-bounced.ts'
import { type MtanDeps, mtanStep } from './mtan.ts'
import { type NewLetterDeps, newLetterRequestedStep, newLetterStep } from './new-letter.ts'
import {
  type AwaitingLetterDeps,
  awaitingLetterStep,
  browserLinkSentStep,
  endedStep,
  type NotActivatedDeps,
  notActivatedStep,
  suspendedStep,
} from './notices.ts'
import { type PasswordDeps, passwordStep } from './password.ts'
import { type QuestionDeps, securityQuestionStep } from './security-question.ts'
import { type SignInState, signInState } from './state.ts'
import { type UnlockCodeDeps, unlockCodeStep } from './unlock-code.ts'

/** What the sign-in uses. */
export type SignInDeps = Pick<Deps, 'observeStep'> &
  PasswordDeps &
  UnlockCodeDeps &
  MtanDeps &
  EmailBouncedDeps &
  QuestionDeps &
  NewLetterDeps &
  NotActivatedDeps &
  AwaitingLetterDeps

/**
 * The sign-in of the seed. First: password → unlock code → mTAN → security question. Later: password → mTAN, and once a notice when an e-mail
 * came back.
 * `finished` and `otherPerson` have no page: the result is handed to oidc-provider.
 */
export const signInJourney: Journey<SignInState, SignInDeps> = {
  name: 'sign-in',
  state: signInState,
  first: { step: 'password' },
  steps: {
    password: passwordStep,
    unlockCode: unlockCodeStep,
    mtan: mtanStep,
    emailBounced: emailBouncedStep,
    securityQuestion: securityQuestionStep,
    newLetter: newLetterStep,
    newLetterRequested: newLetterRequestedStep,
    notActivated: notActivatedStep,
    awaitingLetter: awaitingLetterStep,
    suspended: suspendedStep,
    ended: endedStep,
    browserLinkSent: browserLinkSentStep,
  },
  table: {
    password: {
      firstSignIn: 'unlockCode',
      laterSignIn: 'mtan',
      codeExpired: 'mtan',
      notActivated: 'notActivated',
      awaitingLetter: 'awaitingLetter',
      browserLinkSent: 'browserLinkSent',
      otherPerson: 'otherPerson',
    },
    unlockCode: { accepted: 'mtan', newLetter: 'mtan' },
    mtan: {
      firstSignIn: 'securityQuestion',
      laterSignIn: 'finished',
      emailBounced: 'emailBounced',
      newLetter: 'newLetter',
      suspended: 'suspended',
      ended: 'ended',
      restart: 'password',
    },
    emailBounced: { read: 'finished', restart: 'password' },
    securityQuestion: { accepted: 'finished', restart: 'password' },
    newLetter: { requested: 'newLetterRequested', restart: 'password' },
  },
  progress: signInProgress,
}

/** "Schritt 2 von 4": the password page does not know yet which way it will be. */
function signInProgress(state: SignInState): { step: number; of: number } | undefined {
  if (state.step === 'unlockCode') return { step: 2, of: 4 }
  if (state.step === 'securityQuestion') return { step: 4, of: 4 }
  if (state.step !== 'mtan') return undefined
  if (state.way === 'firstSignIn') return { step: 3, of: 4 }
  return state.way === 'laterSignIn' ? { step: 2, of: 2 } : undefined
}
