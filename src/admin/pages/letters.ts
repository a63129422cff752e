import { addDays, isPast } from '../../domain/calendar.ts'
import { parseLetterId } from '../../domain/letters/letter-id.ts'
import { parseLetterMark } from '../../domain/letters/letter-mark.ts'
import { parseUnlockCode } from '../../domain/secrets/unlock-code.ts'
import type { CanaryLetterService } from '../../services/letters/canary-letters.ts'
import type { PrintRunService } from '../../services/letters/print-runs.ts'
import type { ConsoleRoute, Visit } from '../visit.ts'

/** What the print desk works with. */
export type LetterDesk = {
  printRuns: PrintRunService
  canaryLetters: Pick<CanaryLetterService, 'list' | 'enter'>
  now(): Date
}

type Locals = { refused?: string; errors?: Record<string, { key: string }>; values?: Record<string, string> }

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The print desk: what waits, runs from prepared to posted, and the letters that watch the post. */
export function letterPages({ printRuns, canaryLetters, now }: LetterDesk): ConsoleRoute[] {
  async function showDesk(visit: Visit, { refused, ...locals }: Locals = {}, status = 200): Promise<void> {
    const open = await printRuns.list(['collecting', 'prepared', 'released'])
    const [waiting, notWithdrawn, canaries] = await Promise.all([
      printRuns.countWaiting(),
      printRuns.notWithdrawn(),
      canaryLetters.list(),
    ])
    const runs = open.map((run) => ({
      ...run,
      own: run.preparedBy === visit.actor,
      late: run.postingDay !== null && isPast(run.postingDay, now()),
    }))
    const postingDay = printRuns.plannedPostingDay()
    const model = { runs, waiting, postingDay, notWithdrawn, canaries, refused, writes: visit.may('letters:write') }
    await visit.show('letters/desk', { ...locals, model }, status)
  }
  /** A form that moves one run; whatever it answers but `done` is told above the desk. */
  const move = (
    path: string,
    notice: string,
    work: (visit: Visit, runId: string) => Promise<{ done: boolean; why?: string }>,
  ): ConsoleRoute => ({
    method: 'post',
    path: `/letters/runs/:id/${path}`,
    right: 'letters:write',
    fresh: true,
    async handle(visit) {
      const runId = visit.params.id ?? ''
      if (!uuid.test(runId)) return await visit.show('gone', { model: { kind: 'run', back: '/admin/letters' } }, 404)
      const { done, why } = await work(visit, runId)
      if (!done) return await showDesk(visit, { refused: `${path}.${why ?? 'refused'}` }, 409)
      visit.goTo('/letters', notice)
    },
  })
  return [
    { method: 'get', path: '/letters', right: 'letters:read', handle: (visit) => showDesk(visit) },
    {
      method: 'post',
      path: '/letters/runs',
      right: 'letters:write',
      fresh: true,
      async handle(visit) {
        const day = visit.form.postingDay || printRuns.plannedPostingDay()
        const fault = !isDay(day) ? 'day' : isPast(day, now()) ? 'past' : undefined
        if (fault) {
          const errors = { postingDay: { key: `console.letters.postingDay.${fault}` } }
          return await showDesk(visit, { errors, values: visit.form }, 422)
        }
        const runId = await printRuns.prepare(day, visit.actor)
        if (!runId) return await showDesk(visit, { refused: 'prepare.none' }, 409)
        visit.goTo('/letters', 'run-prepared')
      },
    },
    move('release', 'run-released', async ({ actor }, runId) => {
      const why = await printRuns.release(runId, actor)
      return { done: why === 'released', why }
    }),
    move('post', 'run-posted', async ({ actor, form }, runId) => {
      const day = form.postedOn
      if (day && !isDay(day)) return { done: false, why: 'day' }
      const run = (await printRuns.list(['released'])).find(({ id }) => id === runId)
      // A day that is past is said by whoever was there, never assumed.
      if (!day && run?.postingDay && isPast(run.postingDay, now())) return { done: false, why: 'say_day' }
      const why = await printRuns.post(runId, actor, day || undefined)
      return { done: why === 'posted', why }
    }),
    move('cancel', 'run-cancelled', async ({ actor }, runId) => ({
      done: await printRuns.cancel(runId, 'operator', actor),
    })),
    {
      method: 'post',
      path: '/letters/canary',
      right: 'letters:write',
      async handle(visit) {
        const code = parseUnlockCode(visit.form.code ?? '')
        const entered = code.ok ? await canaryLetters.enter(code.value, visit.actor) : null
        if (entered) return visit.goTo('/letters', 'canary-entered')
        const errors = { code: { key: `console.letters.canary.${code.ok ? 'unknown' : 'typo'}` } }
        await showDesk(visit, { errors, values: visit.form }, 422)
      },
    },
  ]
}

function isDay(text: string): boolean {
  try {
    return addDays(text, 0) === text
  } catch {
    return false
  }
}

/** Reads the id at the foot of a letter, or the scan of its mark. */
export const readLetterId = (typed: string) => parseLetterId(parseLetterMark(typed)?.letterId ?? typed)
