import type { Step } from '../journey.ts'
import type { RegistrationState } from './state.ts'

/** What happens next, with dates (seed, 2: the link is valid four weeks and may land in the spam folder). */
export const doneStep: Step<RegistrationState, 'done', object> = {
  path: 'fertig',
  show: (state) => ({ model: { email: state.email, activationLastDay: state.activationLastDay } }),
}
