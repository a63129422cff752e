import type { Command } from 'commander'
import { loadConfig } from '../../config.ts'
import { hashToken } from '../../crypto/field-encryption.ts'
import { createRandom } from '../../crypto/random.ts'
import { osAccount } from '../../gateways/os-account.ts'
import { type CliCommand, type CliIo, UsageError } from '../frame.ts'

/** Adds the option by which an operator says who he is; `OPERATOR` in the environment does the same. */
export const withOperator = (command: Command): Command =>
  command.option('--operator <name>', 'who you are: letters, digits, dots and dashes (default: OPERATOR)')

const operatorName = /^[a-z0-9][a-z0-9._-]{1,39}$/

/**
 * Tells who acts, as the audit log names him, upper and lower case being the same person, and by what it is known: `cli:k.weber
 * (os:kweber)`, the account of the operating system, or `cli:k.weber (token:k.weber)`. Where operators have tokens, a token is needed.
 * @throws UsageError when nobody is named, or the token is missing, unknown or another one's.
 */
export function operatorOf(options: Record<string, unknown>, io: CliIo): `cli:${string}` {
  const { operator, operatorToken, insurer } = loadConfig(io.variables)
  const given = (options.operator ?? operator) as string | undefined
  const tokens = Object.entries(insurer.operators.tokens)
  const owner = tokens.find(([, hash]) => operatorToken !== undefined && hash === hashToken(operatorToken))?.[0]
  if (tokens.length > 0 && !owner)
    throw new UsageError(
      'Your token is needed: set OPERATOR_TOKEN or OPERATOR_TOKEN_FILE to the one from operators:token.',
    )
  const name = String(given ?? owner ?? '').toLowerCase()
  if (!operatorName.test(name))
    throw new UsageError('Say who you are with --operator or OPERATOR, for example --operator k.weber.')
  if (owner && owner !== name) throw new UsageError(`The token is not the one of ${name}.`)
  return `cli:${name} (${owner ? `token:${owner}` : `os:${(io.osAccount ?? osAccount)()}`})`
}

/** Makes the token of an operator, for places where all share one account of the operating system. */
export const operatorToken: CliCommand = {
  name: 'operators:token',
  description:
    'make the token by which an operator is known where all share one account (insurer.yaml, operators.tokens)',
  define: (command) => command.argument('<name>', 'whose it is: letters, digits, dots and dashes'),
  async run(args) {
    const name = String(args[0]).toLowerCase()
    if (!operatorName.test(name)) throw new UsageError('The name takes letters, digits, dots and dashes: k.weber.')
    const token = createRandom().token()
    const line = `${name}: ${hashToken(token)}`
    const text = [
      `Token of ${name}, shown once; give it to nobody else: ${token}`,
      `Into insurer.yaml, below operators, tokens:  ${line}`,
    ]
    return { exitCode: 0, text: text.join('\n'), json: { name, token, hash: hashToken(token) } }
  },
}
