import type { Deps } from './deps.ts'

/**
 * The moment at which a factor of an account is proved, in seconds since the epoch. Access that ended and was given back
 * within this second, perhaps just now: what is proved after it counts.
 */
export const provedNow = ({ protocolClock }: Pick<Deps, 'protocolClock'>, account = { signInsFrom: 0 }): number =>
  Math.max(Math.floor(protocolClock.now().getTime() / 1000), account.signInsFrom)
