import { z } from 'zod'

import { mtanSending, mtanState } from '../mtan-page.ts'

const credentials = {
  insuranceNumber: z.string(),
  insurerNumber: z.string(),
  identification: z.literal('post'),
  username: z.string(),
  passwordHash: z.string(),
  /** Keyed hash by which the next page sees whether the e-mail address was chosen as password. */
  passwordMark: z.string(),
  termsVersion: z.string(),
}
const contact = { email: z.string(), mobile: z.string(), country: z.string() }

/** Where a registration stands; encrypted at rest and gone after 24 hours when the mTAN is not confirmed. */
export const registrationState = z.discriminatedUnion('step', [
  z.object({ step: z.literal('credentials'), taken: z.string().optional() }),
  z.object({
    step: z.literal('contact'),
    ...credentials,
    email: z.string().optional(),
    mobile: z.string().optional(),
    /** The mTAN on its way to `mobile`, for who comes back with the same number. */
    sending: mtanSending.nullable().optional(),
    sent: z.int().optional(),
  }),
  z.object({
    step: z.literal('mtan'),
    ...credentials,
    ...contact,
    ...mtanState,
    /** mTANs sent before the number was changed: the journey's limit counts them too. */
    sent: z.int().optional(),
  }),
  z.object({ step: z.literal('done'), email: z.string(), activationLastDay: z.iso.date() }),
])

export type RegistrationState = z.infer<typeof registrationState>
export type StateOf<N extends RegistrationState['step']> = Extract<RegistrationState, { step: N }>
