import type { Command } from 'commander'
import { longestReason, parseReason } from '../../domain/staff/reason.ts'
import { UsageError } from '../frame.ts'

/** Adds the option by which an operator says why; it stands in the audit log, so it names no member. */
export const withReason = (command: Command): Command =>
  command.option('--reason <text>', 'why; stands in the audit log: no names or numbers of members')

/** Reads why something is done. @throws UsageError when nothing is said, or too much */
export function reasonOf(options: Record<string, unknown>): string {
  const read = parseReason(String(options.reason ?? ''))
  if (read.ok) return read.value
  throw new UsageError(
    read.reason === 'missing'
      ? 'Say why with --reason.'
      : `--reason takes at most ${longestReason} printable characters.`,
  )
}
