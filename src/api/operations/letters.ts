import { z } from 'zod'
import { parseLetterId } from '../../domain/letters/letter-id.ts'
import { parseUnlockCode } from '../../domain/secrets/unlock-code.ts'
import type { CanaryLetterService } from '../../services/letters/canary-letters.ts'
import type { LetterService } from '../../services/letters/letters.ts'
import type { ReturnedMailService, ReturnedOutcome } from '../../services/letters/returned-mail.ts'
import { type Operation, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { toApiNames } from '../schemas/member.ts'
import { instant, nothing } from '../schemas/shared.ts'

export type LetterRoom = {
  /** Stops what an envelope held and asks for another one, in one transaction. */
  reprint(letterId: string, actor: `client:${string}`): ReturnType<LetterService['reprint']>
  returnedMail: Pick<ReturnedMailService, 'take' | 'list'>
  canaryLetters: Pick<CanaryLetterService, 'list' | 'enter'>
}

const refusals: Record<Exclude<ReturnedOutcome['result'], 'blocked' | 'cleared' | 'not_in_register'>, string> = {
  unknown: 'There is no letter of this id; letters of registrations that are gone are forgotten.',
  ambiguous: 'Several letters begin like that; give more characters.',
  not_posted: 'This letter has not been posted, so it cannot have come back.',
  already_returned: 'This letter was taken before.',
}

const day = z.iso.date()
const invalid = (pointer: string, detail: string) => new Problem('invalid', { errors: [{ pointer, detail }] })

/** Letters one by one: printed again, come back, and those that watch the post. */
export function letterOperations({ reprint, returnedMail, canaryLetters }: LetterRoom): Operation[] {
  return [
    operation({
      ...{ id: 'reprintLetter', method: 'post', path: '/letters/{letter_id}/reprint', scope: 'admin:letters:write' },
      summary: 'Stop the code of a damaged or lost letter and send another one with the next run',
      params: z.strictObject({ letter_id: z.uuid().describe('As it stands at the foot of the letter') }),
      ...{ query: nothing, body: nothing },
      answers: {
        200: {
          description: 'Its code is stopped',
          schema: z.object({ letter_day: day.nullable().describe('null: its registration is gone, none follows') }),
        },
      },
      problems: ['not-found', 'conflict'],
      async handle({ params, actor }) {
        const result = await reprint(params.letter_id, actor)
        if (result === 'not_printed') throw new Problem('conflict', { detail: 'It has no code that could be stopped.' })
        return { status: 200, body: { letter_day: result === 'no_account' ? null : result.letterDay } }
      },
    }),
    operation({
      ...{ id: 'takeReturnedLetter', method: 'post', path: '/returned-letters', scope: 'admin:letters:write' },
      summary: 'Take a letter that came back: its code is stopped, its address gets no further one',
      query: nothing,
      body: z.strictObject({
        letter: z.string().max(100).describe('The scan of its mark, or its id: 8 characters at least'),
      }),
      answers: {
        200: {
          description: 'Taken',
          schema: z.object({
            result: z.enum(['blocked', 'cleared', 'not_in_register']).describe('cleared: another address is known'),
            letter_id: z.string().optional(),
            told: z.boolean().optional().describe('Whether the member was told by e-mail'),
          }),
        },
      },
      problems: ['conflict'],
      async handle({ body, actor }) {
        const id = parseLetterId(body.letter)
        if (!id) throw invalid('/letter', 'is no id of a letter, nor a scan')
        const outcome = await returnedMail.take(id, actor)
        const { result } = outcome
        if (result !== 'blocked' && result !== 'cleared' && result !== 'not_in_register')
          throw new Problem('conflict', { detail: refusals[result] })
        return { status: 200, body: toApiNames(outcome) }
      },
    }),
    operation({
      ...{ id: 'listReturnedLetters', method: 'get', path: '/returned-letters', scope: 'admin:letters:write' },
      summary: 'List whose address has to be cleared in the core system; that it was listed is recorded',
      query: nothing,
      answers: {
        200: {
          description: 'All of them, the oldest first',
          schema: z.object({
            letters: z.array(
              z.object({
                letter_id: z.string(),
                insurance_number: z.string().describe('In clear: the core system knows nothing else'),
                posted_on: day,
                returned_at: instant,
                returned_by: z.string(),
              }),
            ),
          }),
        },
      },
      problems: [],
      async handle({ actor }) {
        return { status: 200, body: { letters: toApiNames(await returnedMail.list(actor)) } }
      },
    }),
    operation({
      ...{ id: 'listCanaryLetters', method: 'get', path: '/canary-letters', scope: 'admin:letters:read' },
      summary: 'List what became of the last letters that watch the post',
      query: nothing,
      answers: {
        200: {
          description: 'The last 50',
          schema: z.object({
            letters: z.array(
              z.object({
                run_id: z.string(),
                posted_on: day.nullable(),
                entered_at: instant.nullable(),
                alerted_at: instant.nullable(),
              }),
            ),
          }),
        },
      },
      problems: [],
      async handle() {
        return { status: 200, body: { letters: toApiNames(await canaryLetters.list()) } }
      },
    }),
    operation({
      ...{ id: 'enterCanaryLetter', method: 'post', path: '/canary-letters', scope: 'admin:letters:write' },
      summary: 'Enter the code of a letter that watches the post and has arrived',
      query: nothing,
      body: z.strictObject({ code: z.string().max(40) }),
      answers: {
        200: { description: 'It has arrived', schema: z.object({ run_id: z.string(), days: z.number() }) },
      },
      problems: ['conflict'],
      async handle({ body, actor }) {
        const code = parseUnlockCode(body.code)
        if (!code.ok) throw invalid('/code', 'has a typing error')
        const entered = await canaryLetters.enter(code.value, actor)
        if (!entered) throw new Problem('conflict', { detail: 'It belongs to no letter that is missed.' })
        return { status: 200, body: toApiNames(entered) }
      },
    }),
  ]
}
