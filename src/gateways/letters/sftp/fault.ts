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
  EKEX: 'it has no algorithm in common with us, or the exchange of keys failed',
  EAUTH: 'it refuses the user or the key of LETTER_SFTP_KEY_FILE',
  EBUSY: 'it has too many connections',
  ENOTALLOWED: 'it lets nobody in from this address',
  ENOSERVICE: 'it does not offer SFTP to this user',
  EKEYFILE: 'the private key cannot be read',
  ENOENT: 'the folder or file is not there',
  EACCES: 'the user has no right to do that there',
  EEXIST: 'a file of this name is there and may not be replaced',
  EROFS: 'its disk is write-protected',
  ENOSPC: 'its disk is full',
  EDQUOT: 'the quota of the user is used up',
  EFAILURE: 'it could not do it: its disk or quota is full, or it has a fault of its own',
  EINTEGRITY: 'a file did not arrive as it was sent',
  EUNSUPPORTED: 'it does not know an operation that is needed',
  EPROTOCOL: 'it speaks no SFTP that is understood',
}

/**
 * Status codes of SFTP 3 (draft-ietf-secsh-filexfer-02, section 7), which servers mix with those of later versions
 * (draft-ietf-secsh-filexfer-13, section 9.1).
 */
const statusCodes: Record<number, string> = {
  2: 'ENOENT',
  3: 'EACCES',
  4: 'EFAILURE',
  6: 'ECONNRESET',
  7: 'ECONNRESET',
  8: 'EUNSUPPORTED',
  10: 'ENOENT',
  11: 'EEXIST',
  12: 'EROFS',
  14: 'ENOSPC',
  15: 'EDQUOT',
}

/** Reasons of SSH_MSG_DISCONNECT (RFC 4253, 11.1): other numbers than those of SFTP with other meanings. */
const disconnectReasons: Record<number, string> = {
  1: 'ENOTALLOWED',
  3: 'EKEX',
  7: 'ENOSERVICE',
  10: 'ECONNRESET',
  12: 'EBUSY',
  13: 'EAUTH',
  14: 'EAUTH',
  15: 'EAUTH',
}

/** Levels by which ssh2 tells where a connection failed. */
const levels: Record<string, string> = {
  'client-authentication': 'EAUTH',
  'client-timeout': 'ETIMEDOUT',
  'client-dns': 'ENOTFOUND',
  handshake: 'EKEX',
}

/**
 * Translates an error of the connection, as ssh2 emits it. `signingIn`: keys are exchanged and nobody is signed in, where
 * OpenSSH ends too many tries as a fault of protocol.
 */
export function toLineFault(error: unknown, place: string, { signingIn }: { signingIn: boolean }): SftpFault {
  const { code, level } = error as { code?: string | number; level?: string }
  const reason = typeof code === 'number' ? (disconnectReasons[code] ?? (signingIn ? 'EAUTH' : 'EPROTOCOL')) : undefined
  return reason === undefined && !levels[level ?? '']
    ? toSftpFault(error, place)
    : new SftpFault(place, reason ?? levels[level ?? ''] ?? 'EPROTOCOL', error)
}

/** Translates what an operation on a file or a socket throws; the client passes on numbers of SFTP only here. */
export function toSftpFault(error: unknown, place: string): SftpFault {
  if (error instanceof SftpFault) return error
  const { code, message = '' } = error as { code?: string | number; message?: string }
  if (typeof code === 'number') return new SftpFault(place, statusCodes[code] ?? 'EPROTOCOL', error)
  // A line that is cut shows itself as one or the other, whichever of reading and writing meets it first.
  if (code === 'EPIPE') return new SftpFault(place, 'ECONNRESET', error)
  if (code && mends[code]) return new SftpFault(place, code, error)
  return new SftpFault(place, byWords(message) ?? (/^E[A-Z]+$/.test(code ?? '') ? String(code) : 'EPROTOCOL'), error)
}

/** The client passes on the words of ssh2 and not always its code. */
function byWords(message: string): string | undefined {
  if (/authentication methods failed/.test(message)) return 'EAUTH'
  if (/timed out/i.test(message)) return 'ETIMEDOUT'
  if (/unable to start subsystem/i.test(message)) return 'ENOSERVICE'
  return /unexpected (end|close) event|no sftp connection|ECONN/i.test(message) ? 'ECONNRESET' : undefined
}
