import type { Right } from './rights.ts'

/** Days after which nobody has to decide any more. */
export const daysToDecide = 7

/** Acts that one person asks for and another approves, with the right that both need. */
export const twoPersonActs = {
  /** A signing key leaves the published set before its time; subject: its kid. */
  'signing-key.retire': 'keys:write',
  /** A member of staff becomes owner; subject: the staff id. */
  'staff.owner': 'staff:write',
  /** Password and second factor of a member of staff are made anew, and the passkeys removed. */
  'staff.reset-totp': 'staff:write',
  /** The account of a member ends for good; subject: the account id. */
  'account.end': 'members:write',
  /** An application is removed for good; subject: the client id. */
  'client.remove': 'clients:write',
  /** An application becomes the insurer's own: no consent page. */
  'client.first-party': 'clients:write',
} as const satisfies Record<string, Right>

export type TwoPersonAct = keyof typeof twoPersonActs
