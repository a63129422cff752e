import { z } from 'zod'

const mtanSending = z.object({ sent: z.int(), expiresAt: z.iso.datetime(), resendAt: z.iso.datetime().nullable() })

/** After the right password: whose journey this is. */
const person = { accountId: z.uuid(), deviceKnown: z.boolean() }

/**
 * After the last factor: when it was used up, in seconds since the epoch, real time: the protocol's `auth_time`, however
 * long the pages after it stand open.
 */
const proven = { authTime: z.int().optional() }

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
    way: z.enum(['firstSignIn', 'laterSignIn', 'newLetter']),
    /** Masked, as the page shows it; set on arrival. */
    mobile: z.string().optional(),
    letterId: z.uuid().optional(),
    /** Null: the budget of the number is used up until `blockedUntil`. */
    sending: mtanSending.nullable(),
    blockedUntil: z.iso.datetime().optional(),
  }),
  z.object({ step: z.literal('emailBounced'), accountId: z.uuid(), ...proven }),
  z.object({ step: z.literal('securityQuestion'), ...person, ...proven, letterId: z.uuid() }),
  z.object({ step: z.literal('newLetter'), ...person }),
  z.object({ step: z.literal('newLetterRequested'), letterDay: z.iso.date() }),
  z.object({ step: z.literal('notActivated'), ...person, resent: z.boolean().optional() }),
  z.object({ step: z.literal('awaitingLetter'), ...person }),
  z.object({ step: z.literal('suspended'), reason: z.string() }),
  z.object({ step: z.literal('ended') }),
  z.object({ step: z.literal('deviceLinkSent') }),
  /** The request is for somebody else (`id_token_hint`, `sub`). */
  z.object({ step: z.literal('otherPerson') }),
  z.object({
    step: z.literal('finished'),
    accountId: z.uuid(),
    acr: z.string(),
    amr: z.array(z.string()),
    ...proven,
  }),
])

export type SignInState = z.infer<typeof signInState>
export type StateOf<N extends SignInState['step']> = Extract<SignInState, { step: N }>

/** `acr` of every sign-in with password and mTAN (contract.md). */
export const acrPasswordMtan = 'urn:meine-aok:acr:password-mtan'
