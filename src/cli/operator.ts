import type { Command } from 'commander'
import { loadConfig } from '../config.ts'
import type { CliIo } from './frame.ts'
import { UsageError } from './frame.ts'

/** Adds the option by which an operator says who he is; `OPERATOR` in the environment does the same. */
export const withOperator = (command: Command): Command =>
  command.option('--operator <name>', 'who you are: letters, digits, dots and dashes (default: OPERATOR)')

/**
 * Tells who acts, as the audit log names him; upper and lower case are the same person.
 * @throws UsageError when nobody is named.
 */
export function operatorOf(options: Record<string, unknown>, io: CliIo): `cli:${string}` {
  const name = String(options.operator ?? loadConfig(io.variables).operator ?? '').toLowerCase()
  if (!/^[a-z0-9][a-z0-9._-]{1,39}$/.test(name))
    throw new UsageError('Say who you are with --operator or OPERATOR, for example --operator k.weber.')
  return `cli:${name}`
}
