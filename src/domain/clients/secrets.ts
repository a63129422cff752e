/** A secret of a client, as it is kept: the hash alone. */
export type ClientSecret = {
  id: string
  /** What people tell it by; of one that a file brings along, where it stands there (`env:NAME`). */
  name: string
  /** SHA-256 in base64url (`hashToken`). */
  hash: string
  /** The file that brings it along; null: it was made here. */
  managedBy: string | null
  createdAt: Date
  /** Who made it, as the audit log names him. */
  createdBy: string
  /** From then on it is refused; null: it does not end by itself. */
  expiresAt: Date | null
  /** When it was last shown, exact to an hour; null: never. */
  lastUsedAt: Date | null
}

/** How many secrets of a client are valid at a time: while they are rotated, both. */
export const mostSecrets = 2

/** Days before its end on which whoever looks after the application is reminded of a secret, the earliest first. */
export const reminderDays = [30, 7, 1] as const

/** Whether a secret, which has not been ended, is good at a moment. */
export const isInForce = ({ expiresAt }: Pick<ClientSecret, 'expiresAt'>, now: Date): boolean =>
  expiresAt === null || expiresAt > now

/** Signs of the name of a secret, which stands in lists. */
export const secretNamePattern = /^[\p{L}\p{N}\p{P}\p{S} ]{1,60}$/u

/** Days for which a secret may be good at most. */
export const longestSecretDays = 1095
