import type { Deps } from '../deps.ts'
import type { Journey } from '../journey.ts'
import { type ContactDeps, contactStep } from './contact.ts'
import { type CredentialsDeps, credentialsStep } from './credentials.ts'
import { doneStep } from './done.ts'
import { type MtanDeps, mtanStep } from './mtan.ts'
import { type RegistrationState, registrationState } from './state.ts'

/** What the registration uses. */
export type RegistrationDeps = Pick<Deps, 'transaction' | 'observeStep'> & CredentialsDeps & ContactDeps & MtanDeps

const order: RegistrationState['step'][] = ['credentials', 'contact', 'mtan', 'done']

/** The registration of the seed, step 1, up to the announced activation link. */
export const registrationJourney: Journey<RegistrationState, RegistrationDeps> = {
  name: 'registration',
  state: registrationState,
  first: { step: 'credentials' },
  steps: { credentials: credentialsStep, contact: contactStep, mtan: mtanStep, done: doneStep },
  table: {
    credentials: { accepted: 'contact' },
    contact: { accepted: 'mtan' },
    mtan: { confirmed: 'done', change: 'contact', usernameTaken: 'credentials' },
  },
  progress: (state) => ({ step: order.indexOf(state.step) + 1, of: order.length }),
}
