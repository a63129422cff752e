import { accessSync, constants } from 'node:fs'
import type { Environment } from './environment.ts'

const files = ['AUDIT_STREAM_CA_FILE', 'AUDIT_STREAM_CERT_FILE', 'AUDIT_STREAM_KEY_FILE'] as const

/** Where audit events go as they happen; the files are read anew for each connection. */
export type AuditStreamConfig = {
  url: URL
  token: string | undefined
  files: { ca: string | undefined; cert: string | undefined; key: string | undefined }
}

/** Lists what is wrong with the settings of the stream of audit events. */
export function auditStreamFaults(environment: Environment): string[] {
  const { AUDIT_STREAM_URL: url, AUDIT_STREAM_TOKEN: token } = environment
  const given = [...files, 'AUDIT_STREAM_TOKEN' as const].filter((name) => environment[name])
  if (!url) return given.map((name) => `${name} needs AUDIT_STREAM_URL`)
  const faults = files
    .filter((name) => environment[name] && !isReadable(environment[name]))
    .map((name) => `${name} names ${environment[name]}, which cannot be read`)
  if (token && url.protocol.startsWith('syslog'))
    faults.push('AUDIT_STREAM_TOKEN is for https://; syslog knows no token, but AUDIT_STREAM_CERT_FILE')
  if (!environment.AUDIT_STREAM_CERT_FILE !== !environment.AUDIT_STREAM_KEY_FILE)
    faults.push('AUDIT_STREAM_CERT_FILE and AUDIT_STREAM_KEY_FILE must be set together')
  return faults
}

/** Reads the settings of the stream; undefined where nobody receives it. */
export function loadAuditStream(environment: Environment): AuditStreamConfig | undefined {
  const { AUDIT_STREAM_URL: url, AUDIT_STREAM_TOKEN: token } = environment
  const { AUDIT_STREAM_CA_FILE: ca, AUDIT_STREAM_CERT_FILE: cert, AUDIT_STREAM_KEY_FILE: key } = environment
  return url && { url, token, files: { ca, cert, key } }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}
