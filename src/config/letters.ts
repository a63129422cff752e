import type { SftpAddress } from './environment/letters.ts'
import type { Environment } from './environment.ts'

/** How letters leave, with what that way needs. */
export type LettersConfig =
  | { driver: 'postbox' }
  | { driver: 'spool'; folder: string }
  | ({ driver: 'sftp'; keyFile: string; hostKeys: readonly string[] } & SftpAddress)

/** Lists what the way of the letters lacks. */
export function letterFaults(environment: Environment): string[] {
  const { NODE_ENV, LETTER_DRIVER: driver } = environment
  if (driver === 'postbox')
    return NODE_ENV === 'production'
      ? [
          'LETTER_DRIVER=postbox is for development; set LETTER_DRIVER=spool and LETTER_SPOOL_DIR, or LETTER_DRIVER=sftp',
        ]
      : []
  const needed = {
    spool: ['LETTER_SPOOL_DIR'],
    sftp: ['LETTER_SFTP_URL', 'LETTER_SFTP_KEY_FILE', 'LETTER_SFTP_HOST_KEYS'],
  } as const
  return needed[driver].filter((name) => !environment[name]).map((name) => `LETTER_DRIVER=${driver} needs ${name}`)
}

/** Reads the way of the letters from settings without faults. */
export function loadLetters(environment: Environment): LettersConfig {
  const { LETTER_DRIVER: driver, LETTER_SPOOL_DIR: folder, LETTER_SFTP_URL: address } = environment
  if (driver === 'spool' && folder) return { driver, folder }
  if (driver === 'sftp' && address)
    return {
      driver,
      ...address,
      keyFile: environment.LETTER_SFTP_KEY_FILE ?? '',
      hostKeys: environment.LETTER_SFTP_HOST_KEYS ?? [],
    }
  return { driver: 'postbox' }
}
