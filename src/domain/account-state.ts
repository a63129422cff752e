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

/** From which states a move starts and where it leads. */
type AccountMove = { from: readonly AccountState[]; to: AccountState }

/** Every move of an account, by the verb of the stores that makes it: they take their states from here. */
export const accountMoves = {
  /** The person used the activation link. */
  activateRegistration: { from: ['pending_activation'], to: 'awaiting_letter' },
  /** The print run of its day was posted, with or without a letter in it; or a further letter was. */
  markLettersPosted: { from: ['awaiting_letter', 'letter_posted'], to: 'letter_posted' },
  /** The first sign-in is complete, its unlock code used up. */
  makeActive: { from: ['letter_posted'], to: 'active' },
  /** Death, guardian, staff. */
  suspend: { from: ['pending_activation', 'awaiting_letter', 'letter_posted', 'active'], to: 'suspended' },
  /** Coverage has been over for longer than the grace, or two persons of staff ended it. */
  end: { from: ['active', 'suspended'], to: 'ended' },
  /** Re-entry: coverage has begun again. What staff ended stays ended. */
  reopen: { from: ['ended'], to: 'active' },
  /** 28 days without activation. */
  deleteNotActivated: { from: ['pending_activation'], to: 'deleted' },
  /** 90 days after the last code ended. */
  deleteNeverSignedIn: { from: ['letter_posted', 'suspended'], to: 'deleted' },
  /** Another registration of the number became active; this one never was. */
  deleteOtherRegistrations: {
    from: ['pending_activation', 'awaiting_letter', 'letter_posted', 'suspended'],
    to: 'deleted',
  },
  /** Its time of keeping is over. */
  deleteEnded: { from: ['ended'], to: 'deleted' },
  /** It was suspended until its coverage, or the person's life, and every grace was over. */
  deleteSuspended: { from: ['suspended'], to: 'deleted' },
} as const satisfies Record<string, AccountMove>

/** The one move without a goal of its own, `resume`: the reason of a suspension is gone, the account is what it was before. */
export const resumable = { from: 'suspended', to: accountMoves.suspend.from } as const
