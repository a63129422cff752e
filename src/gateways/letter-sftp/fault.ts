/** The print shop's server cannot take or give a file; `code` tells operators why, file names and keys stand in no message. */
export class SftpFault extends Error {
  override name = 'SftpFault'
  readonly code: string
  constructor(place: string, code: string, cause?: unknown) {
    super(`the print shop at ${place} cannot be used: ${mends[code] ?? code}`, { cause })
    this.code = code
  }
}

const mends: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'its name is not known',
  ECONNRESET: 'it has cut the line',
  ETIMEDOUT: 'it does not answer in time',
  EHOSTKEY: 'it showed a host key that is not in LETTER_SFTP_HOST_KEYS; nothing was sent',
  EAUTH: 'it refuses the user or the key of LETTER_SFTP_KEY_FILE',
  EKEYFILE: 'the private key cannot be read',
  ENOENT: 'the folder or file is not there',
  EACCES: 'the user has no right to do that there',
  EFAILURE: 'it could not do it: its disk or quota is full, or it has a fault of its own',
  EINTEGRITY: 'a file did not arrive as it was sent',
  EPROTOCOL: 'it speaks no SFTP that is understood',
}

/** Status codes of SFTP 3 (draft-ietf-secsh-filexfer-02, section 7). */
const statusCodes: Record<number, string> = {
  2: 'ENOENT',
  3: 'EACCES',
  4: 'EFAILURE',
  6: 'ECONNRESET',
  7: 'ECONNRESET',
}

/** Levels by which ssh2 tells where a connection failed. */
const levels: Record<string, string> = {
  'client-authentication': 'EAUTH',
  'client-timeout': 'ETIMEDOUT',
  'client-dns': 'ENOTFOUND',
}

/** Translates what socket, SSH and SFTP throw. */
export function toSftpFault(error: unknown, place: string): Error {
  if (error instanceof SftpFault) return error
  const { code, level, message } = error as { code?: string | number; level?: string; message?: string }
  if (typeof code === 'number') return new SftpFault(place, statusCodes[code] ?? 'EPROTOCOL', error)
  const byLevel = levels[level ?? '']
  if (byLevel) return new SftpFault(place, byLevel, error)
  // A line that is cut shows itself as one or the other, whichever of reading and writing meets it first.
  if (code === 'EPIPE') return new SftpFault(place, 'ECONNRESET', error)
  if (code && mends[code]) return new SftpFault(place, code, error)
  // The client passes on the words of ssh2 and not always its level.
  if (/authentication methods failed/.test(message ?? '')) return new SftpFault(place, 'EAUTH', error)
  if (/timed out/i.test(message ?? '')) return new SftpFault(place, 'ETIMEDOUT', error)
  if (/unexpected (end|close) event|no sftp connection|ECONN/i.test(message ?? ''))
    return new SftpFault(place, 'ECONNRESET', error)
  return new SftpFault(place, code && /^E[A-Z]+$/.test(String(code)) ? String(code) : 'EPROTOCOL', error)
}
