import { z } from 'zod'
import { isPast } from '../../domain/calendar.ts'
import type { PrintRunService } from '../../services/letters/print-runs.ts'
import { type Operation, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { toApiNames } from '../schemas/member.ts'
import { instant, nothing } from '../schemas/shared.ts'
import { found } from './client-changes.ts'

export type PrintRunRoom = {
  printRuns: Pick<PrintRunService, 'list' | 'prepare' | 'post' | 'cancel' | 'plannedPostingDay'>
  now(): Date
}

const states = ['collecting', 'prepared', 'released', 'posted', 'cancelled'] as const
const run = z.object({
  id: z.string(),
  state: z.enum(states),
  posting_day: z.string().nullable(),
  letter_count: z.number(),
  sheet_count: z.number(),
  prepared_by: z.string().nullable(),
  handed_over_at: instant.nullable(),
})
const day = z.iso.date()
const params = z.strictObject({ run_id: z.uuid() })
const path = '/print-runs/{run_id}'
const moved = { 200: { description: 'The run as it is now', schema: run } }

const conflict = (detail: string) => new Problem('conflict', { detail })
const whyNotPosted = {
  too_early: 'Its posting day has not come.',
  slipped: 'It missed its posting day and is cancelled; its letters wait for the next run.',
  refused: 'It is not released, or posted or cancelled already.',
} as const

/** The print desk. That letters go to the printer is decided by a person, at the console or the command line. */
export function printRunOperations({ printRuns, now }: PrintRunRoom): Operation[] {
  const one = async (id: string) => toApiNames(found((await printRuns.list(states)).find((each) => each.id === id)))
  return [
    operation({
      ...{ id: 'listPrintRuns', method: 'get', path: '/print-runs', scope: 'admin:letters:read' },
      summary: 'List print runs, the newest first, 200 at most',
      query: z.strictObject({ state: z.enum(states).optional() }),
      answers: { 200: { description: 'Print runs', schema: z.object({ print_runs: z.array(run) }) } },
      problems: [],
      async handle({ query }) {
        const runs = await printRuns.list(query.state ? [query.state] : states)
        return { status: 200, body: { print_runs: runs.map(toApiNames) } }
      },
    }),
    operation({
      ...{ id: 'preparePrintRun', method: 'post', path: '/print-runs', scope: 'admin:letters:write' },
      summary: 'Put the letters that wait into a run; a person releases it',
      query: nothing,
      body: z.strictObject({ posting_day: day.optional().describe('The next one unless told') }),
      answers: { 201: { description: 'Prepared', schema: run } },
      problems: ['conflict'],
      async handle({ body, actor }) {
        const postingDay = body.posting_day ?? printRuns.plannedPostingDay()
        if (isPast(postingDay, now()))
          throw new Problem('invalid', { errors: [{ pointer: '/posting_day', detail: 'is past' }] })
        const id = await printRuns.prepare(postingDay, actor)
        if (!id) throw conflict('No letter waits.')
        return { status: 201, body: await one(id) }
      },
    }),
    operation({
      ...{ id: 'postPrintRun', method: 'post', path: `${path}/posting`, scope: 'admin:letters:write' },
      summary: 'Confirm that the letters of a run are in the post: their codes begin, and members are told',
      ...{ params, query: nothing },
      body: z.strictObject({ posted_on: day.describe('The day on which they were posted') }),
      answers: moved,
      problems: ['not-found', 'conflict'],
      async handle({ params: { run_id: id }, body, actor }) {
        await one(id)
        const outcome = await printRuns.post(id, actor, body.posted_on)
        if (outcome !== 'posted') throw conflict(whyNotPosted[outcome])
        return { status: 200, body: await one(id) }
      },
    }),
    operation({
      ...{ id: 'cancelPrintRun', method: 'post', path: `${path}/cancellation`, scope: 'admin:letters:write' },
      summary: 'Call a run back; its letters wait for the next one',
      ...{ params, query: nothing, body: nothing },
      answers: moved,
      problems: ['not-found', 'conflict'],
      async handle({ params: { run_id: id }, actor }) {
        await one(id)
        if (!(await printRuns.cancel(id, 'operator', actor)))
          throw conflict('It collects, or is posted or cancelled already.')
        return { status: 200, body: await one(id) }
      },
    }),
  ]
}
