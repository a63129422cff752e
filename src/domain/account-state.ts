/** The states of an account (mission.md, "Account states"); `deleted`: the row and its personal data are gone. */
export type AccountState =
  | 'pending_activation'
  | 'awaiting_letter'
  | 'letter_posted'
  | 'active'
  | 'suspended'
  | 'ended'
  | 'deleted'

/** Why an account is suspended: by a rule of the register (death, guardian with reservation of consent) or by staff. */
export type SuspensionReason = 'deceased' | 'guardian' | 'staff'

/** The table of all moves; the comment beside each names the event that causes it. */
const moves: Record<AccountState, readonly AccountState[]> = {
  pending_activation: [
    'awaiting_letter', // the person used the activation link
    'suspended', // staff
    'deleted', // 28 days without activation, or another registration of the number became active
  ],
  awaiting_letter: [
    'letter_posted', // the print run of its day was posted, with or without a letter in it
    'suspended', // staff
    'deleted', // another registration of the number became active
  ],
  letter_posted: [
    'letter_posted', // a further letter was posted
    'active', // first sign-in complete, unlock code consumed
    'suspended', // staff
    'deleted', // 90 days after the last code ended, or another registration of the number became active
  ],
  active: [
    'suspended', // death, guardian, staff
    'ended', // coverage over for longer than the grace
  ],
  suspended: [
    'pending_activation', // the reason is gone: back to what it was, here and in the next three
    'awaiting_letter',
    'letter_posted',
    'active',
    'ended', // coverage over for longer than the grace
    'deleted', // it was never active, and another registration of the number became active
  ],
  ended: [
    'active', // re-entry: coverage has begun again
    'deleted', // its time of keeping is over
  ],
  deleted: [],
}

/** Tells whether an account may move from one state to another. */
export function canMove(from: AccountState, to: AccountState): boolean {
  return moves[from].includes(to)
}
