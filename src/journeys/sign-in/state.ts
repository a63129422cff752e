import { z } from 'zod'
import { factors } from '../../domain/factors.ts'
import { mtanState } from '../mtan-page.ts'

/** After the right password: whose journey this is, what was proved so far and when, however long pages stand open. */
const proven = { accountId: z.uuid(), proofs: z.partialRecord(z.enum(factors), z.int()) }
const person = { ...proven, browserKnown: z.boolean() }

/**
 * Where a sign-in stands. One variant per step, so that a state can only hold what its step has proven.
 * `way`: why the mTAN is asked for; `letterId`: the letter whose code was entered, consumed at the very end.
 */
export const signInState = z.discriminatedUnion('step', [
  z.object({ step: z.literal('password') }),
  z.object({ step: z.literal('unlockCode'), ...person }),
  z.object({
    step: z.literal('mtan'),
    ...person,
    way: z.enum(['firstSignIn', 'laterSignIn', 'newLetter', 'stepUp']),
    /** Masked, as the page shows it; set on arrival. */
    mobile: z.string().optional(),
    letterId: z.uuid().optional(),
    ...mtanState,
  }),
  z.object({ step: z.literal('emailBounced'), ...proven }),
  z.object({ step: z.literal('securityQuestion'), ...person, letterId: z.uuid() }),
  z.object({ step: z.literal('newLetter'), ...person }),
  z.object({ step: z.literal('newLetterRequested'), letterDay: z.iso.date() }),
  z.object({ step: z.literal('notActivated'), ...person, resent: z.boolean().optional() }),
  z.object({ step: z.literal('awaitingLetter'), ...person }),
  z.object({ step: z.literal('suspended'), reason: z.string() }),
  z.object({ step: z.literal('ended') }),
  z.object({ step: z.literal('browserLinkSent') }),
  /** The request is for somebody else (`id_token_hint`, `sub`). */
  z.object({ step: z.literal('otherPerson') }),
  z.object({ step: z.literal('finished'), ...proven }),
])

export type SignInState = z.infer<typeof signInState>
export type StateOf<N extends SignInState['step']> = Extract<SignInState, { step: N }>
