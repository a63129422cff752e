import { commands } from './commands.ts'
import { endAfter } from './end-after.ts'
import { runCli } from './frame.ts'
import { awaitInterruption } from './interruption.ts'

process.exitCode = await runCli(commands, process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  // Opened only by the command that reads it.
  get input() {
    return process.stdin.isTTY ? undefined : process.stdin
  },
  endAfter,
  interruption: awaitInterruption,
  progressWidth: process.stderr.isTTY ? process.stderr.columns : undefined,
})
