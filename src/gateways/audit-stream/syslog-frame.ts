import type { StreamedEvent } from './stream.ts'

/** Facility 13 (log audit), severity 5 (notice): RFC 5424 § 6.2.1. */
const priority = 13 * 8 + 5
const application = 'meine-aok-anmeldung'
/** RFC 5424 § 7.3.1: then it begins again with 1. */
const longestSequence = 2_147_483_647

/**
 * Writes an event as a message of syslog (RFC 5424) behind its length in octets (RFC 6587 § 3.4.1, RFC 5425 § 4.3). The text is ASCII, which
 * needs no byte order mark.
 */
export function syslogFrame({ position, at, type, json }: StreamedEvent, hostname: string): string {
  const sequence = ((position - 1) % longestSequence) + 1
  const name = /^[\x21-\x7e]{1,255}$/.test(hostname) ? hostname : '-'
  const head = `<${priority}>1 ${at.toISOString()} ${name} ${application} - ${type.slice(0, 32)}`
  const message = `${head} [meta sequenceId="${sequence}"] ${ascii(json)}`
  return `${message.length} ${message}`
}

/** JSON in which everything beyond ASCII is escaped (RFC 8259 § 7). */
const ascii = (json: string): string =>
  json.replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
