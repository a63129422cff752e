import { Command, CommanderError } from 'commander'
import { StartUpError } from '../errors.ts'
import { MemberFileFault } from '../services/register/member-file.ts'
import type { Interruption } from './interruption.ts'

/** What the command line touches of its process; tests hand in their own. */
export type CliIo = {
  /** Settings instead of the process's own environment. */
  variables?: NodeJS.ProcessEnv
  out(text: string): void
  err(text: string): void
  /** Columns of the terminal behind `err`; undefined when there is none, then no progress is shown. */
  progressWidth?: number
  /** Names the account of the operating system; unset: of this one. */
  osAccount?(): string
  /** What is piped in; undefined at a terminal. */
  input?: AsyncIterable<Uint8Array>
  /** Listens to signals while something is open; unset: they end the process on the spot. */
  interruption?(): Interruption
  /** Ends the process as failed after so many seconds, or when something breaks that nobody waits for. */
  endAfter?(seconds: number, failure: ExitCode): void
}

/** `EX_TEMPFAIL` of sysexits.h: mail servers keep the e-mail and come again. */
export const tempFail = 75

/** From commands that look on behalf of a pipeline: all is well, and there is something to do. */
export const somethingToDo = 3

/** 0 done, 1 the data or the system says no, 2 wrong usage, 3 there is something to do; 75 from commands that mail servers run. */
export type ExitCode = 0 | 1 | 2 | typeof somethingToDo | typeof tempFail

/** What a command found: sentences for a person, `json` for `--json`. */
export type CliResult = { exitCode: ExitCode; text: string; json: object }

export type CliCommand = {
  name: string
  description: string
  /** Adds arguments and options; `--json` comes by itself. */
  define?(command: Command): Command
  /** Exit code of every failure, for programs that act on it; unset: by its kind. */
  failure?: ExitCode
  run(args: string[], options: Record<string, unknown>, io: CliIo): Promise<CliResult>
}

/** A wrong argument or option: exit code 2, message in one sentence. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Runs one command line (without node and script name) and tells the exit code; it never throws. */
export async function runCli(commands: readonly CliCommand[], args: string[], io: CliIo): Promise<ExitCode> {
  let exitCode: ExitCode = 0
  const json = args.includes('--json')
  const finish = (result: CliResult) => {
    exitCode = result.exitCode
    const ok = exitCode === 0 || exitCode === somethingToDo
    if (json) io.out(`${JSON.stringify({ ok, ...result.json })}\n`)
    // A command that has written its own output has nothing to say beside it.
    else if (ok && result.text === '') return
    else if (ok) io.out(`${result.text}\n`)
    else io.err(`${result.text}\n`)
  }
  const program = prepare(new Command('cli'), io, json).description('The operator’s command line of Meine AOK.')
  for (const definition of commands) {
    const command = prepare(new Command(definition.name), io, json).description(definition.description)
    definition.define?.(command)
    command.action(async () => finish(await definition.run(command.args, command.opts(), io)))
    program.addCommand(command)
  }
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    const named = commands.find(({ name }) => args.includes(name))
    const result = describeError(error)
    finish({ ...result, exitCode: named?.failure ?? result.exitCode })
  }
  return exitCode
}

function prepare(command: Command, io: CliIo, json: boolean): Command {
  return command
    .option('--json', 'one JSON object on stdout instead of sentences')
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: json ? () => {} : io.err, outputError: () => {} })
}

/** Turns any error into one sentence that says what and how to mend it; never shows settings, which may hold secrets. */
function describeError(error: unknown): CliResult {
  const { message, code } = error as Error & { code?: string }
  const failed = (exitCode: ExitCode, kind: string, text: string) => ({
    exitCode,
    text,
    json: { error: kind, message: text },
  })
  if (error instanceof CommanderError) {
    // commander shows the help by itself when no command was given
    if (code === 'commander.help') return failed(2, 'usage', 'Name a command.')
    return failed(2, 'usage', `${message.replace(/^error: /, '')}. See --help.`)
  }
  if (error instanceof UsageError) return failed(2, 'usage', message)
  if (error instanceof MemberFileFault) return failed(error.reason.startsWith('not_') ? 2 : 1, error.reason, message)
  if (error instanceof StartUpError) return failed(1, 'settings', message)
  if (error instanceof Error && /^DataFolder/.test(error.name)) return failed(1, 'data_folder', message)
  const connection = connectionCode(error)
  if (connection)
    return failed(1, 'database', `The database cannot be reached (${connection}). Check DATABASE_URL and that it runs.`)
  return failed(1, 'unexpected', `Unexpected fault${code ? ` (${code})` : ''}: ${message}`)
}

const connectionCodes = ['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'ECONNRESET', 'EAI_AGAIN', '28P01', '28000', '3D000']

/** Finds the code of a refused connection, also within an error that gathers one per address. */
function connectionCode(error: unknown): string | undefined {
  const { code, errors = [] } = error as { code?: string; errors?: unknown[] }
  if (code && connectionCodes.includes(code)) return code
  return errors.map(connectionCode).find(Boolean)
}
