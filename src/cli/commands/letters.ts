import { parseLetterId } from '../../domain/letters/letter-id.ts'
import { parseLetterMark } from '../../domain/letters/letter-mark.ts'
import { parseUnlockCode } from '../../domain/secrets/unlock-code.ts'
import type { CanaryLetterService } from '../../services/letters/canary-letters.ts'
import type { OpenReturn, ReturnedOutcome } from '../../services/letters/returned-mail.ts'
import { type CliCommand, type CliResult, UsageError } from '../frame.ts'
import { withServices } from '../with-services.ts'
import { operatorOf, withOperator } from './operators.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Takes letters that came back, and lists what support has to mend. */
const returned: CliCommand = {
  name: 'letters:returned',
  description: 'stop the code of a letter that came back and block its address; --list: addresses to be cleared',
  define: (command) =>
    withOperator(
      command.argument('[letter]', 'id at the foot of the letter, 8 characters at least, or the scan of its mark'),
    ).option('--list', 'list the members whose address has to be cleared in the core system'),
  run: async (args, options, io) => {
    const actor = operatorOf(options, io)
    if (options.list)
      return await withServices(io, async ({ letters: { returnedMail } }) =>
        describeList(await returnedMail.list(actor)),
      )
    const id = parseLetterId(args[0] ?? '')
    if (!id) throw new UsageError('Give the letter id, at least its first 8 characters, or the scan; or --list.')
    return await withServices(io, async ({ letters: { returnedMail } }) =>
      describeReturn(await returnedMail.take(id, actor)),
    )
  },
}

const refusals = {
  unknown: 'There is no letter of this id. Letters of registrations that are gone are forgotten after a while.',
  ambiguous: 'Several letters begin like that; give more characters.',
  not_posted: 'This letter has not been posted, so it cannot have come back.',
  already_returned: 'This letter was taken before.',
} as const

function describeReturn(outcome: ReturnedOutcome): CliResult {
  const { result } = outcome
  if (result === 'not_in_register')
    return { exitCode: 0, text: 'Its code is stopped. Nobody of the register belongs to it.', json: outcome }
  if (result !== 'blocked' && result !== 'cleared') return { exitCode: 1, text: refusals[result], json: outcome }
  const sentences = [
    `Letter ${outcome.letterId}: its code is stopped.`,
    result === 'blocked'
      ? 'No letter goes to this address any more. Have it cleared in the core system.'
      : 'The register has another address already; nothing is blocked.',
    ...(outcome.told ? ['The member is told by e-mail.'] : []),
  ]
  return { exitCode: 0, text: sentences.join(' '), json: outcome }
}

function describeList(letters: OpenReturn[]): CliResult {
  const rows = letters.map(({ letterId, insuranceNumber, postedOn, returnedAt, returnedBy }) => ({
    ...{ letterId, insuranceNumber, postedOn, returnedBy },
    returnedAt: returnedAt.toISOString(),
  }))
  const lines = rows.map((row) =>
    [row.insuranceNumber, `posted ${row.postedOn}`, `returned ${row.returnedAt.slice(0, 10)}`, row.letterId].join('  '),
  )
  const text = [...lines, `${rows.length} addresses have to be cleared in the core system.`].join('\n')
  return { exitCode: 0, text, json: { letters: rows } }
}

/** Takes the code of a letter to the operator. */
const canary: CliCommand = {
  name: 'letters:canary',
  description: 'enter the code of a canary letter that has arrived; --list: what became of the last ones',
  define: (command) =>
    withOperator(command.argument('[code]', 'code of the letter')).option('--list', 'list the last canary letters'),
  run: async (args, options, io) => {
    if (options.list)
      return await withServices(io, async ({ letters: { canaryLetters } }) =>
        describeCanaries(await canaryLetters.list()),
      )
    const actor = operatorOf(options, io)
    const code = parseUnlockCode(args[0] ?? '')
    if (!code.ok)
      throw new UsageError('The code looks like XXXX-XXXX-XXXX; this one has a typing error. Or use --list.')
    return await withServices(io, async ({ letters: { canaryLetters } }) => {
      const entered = await canaryLetters.enter(code.value, actor)
      if (!entered)
        return {
          exitCode: 1,
          text: 'This code belongs to no canary letter that is missed.',
          json: { result: 'unknown' },
        }
      const text = `The letter of run ${entered.runId} has arrived after ${entered.days} days.`
      return { exitCode: 0, text, json: { result: 'entered', ...entered } }
    })
  },
}

function describeCanaries(letters: Awaited<ReturnType<CanaryLetterService['list']>>): CliResult {
  const rows = letters.map(({ runId, postedOn, enteredAt, alertedAt }) => ({
    ...{ runId, postedOn },
    enteredAt: enteredAt?.toISOString() ?? null,
    alertedAt: alertedAt?.toISOString() ?? null,
  }))
  const stateOf = (row: (typeof rows)[number]) => {
    if (row.enteredAt) return `arrived ${row.enteredAt.slice(0, 10)}`
    return row.alertedAt ? 'missing, operators were told' : 'on its way'
  }
  const lines = rows.map((row) => `${row.runId}  posted ${row.postedOn}  ${stateOf(row)}`)
  return { exitCode: 0, text: lines.join('\n') || 'No canary letter was posted.', json: { letters: rows } }
}

/** Stops a damaged or lost letter and asks for another one. */
export const lettersReprint: CliCommand = {
  name: 'letters:reprint',
  description: 'stop the code of a damaged or lost letter and send another one with the next run',
  define: (command) =>
    withOperator(command.argument('<letter>', 'id at the foot of the letter, or the scan of its mark')),
  run: async (args, options, io) => {
    const actor = operatorOf(options, io)
    const given = args[0] ?? ''
    const letterId = parseLetterMark(given)?.letterId ?? given.toLowerCase()
    if (!uuid.test(letterId)) throw new UsageError('The letter id looks like 0b8c5a3e-90af-4d11-8f00-c0ffee123456.')
    return await withServices(io, async ({ transaction, letters: { letters } }, { clock }) => {
      const result = await transaction((unit) => letters.reprint(unit, letterId, { actor, now: clock.now() }))
      if (result === 'not_printed')
        return {
          exitCode: 1,
          text: `Letter ${letterId} has no code that could be stopped.`,
          json: { letterId, result },
        }
      if (result === 'no_account')
        return { exitCode: 0, text: 'Its registration is gone; no letter follows.', json: { letterId, result } }
      const text = `The code of letter ${letterId} is stopped. Another letter is printed from ${result.letterDay}.`
      return { exitCode: 0, text, json: { letterId, result: 'reprinted', ...result } }
    })
  },
}

export const letterCommands: CliCommand[] = [returned, canary]
