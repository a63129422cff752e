import type { Context } from 'koa'
import type { Clock } from '../gateways/clock.ts'
import {
  type Advance,
  advance,
  currentStep,
  type FieldErrors,
  type Journey,
  outcomeOf,
  type Position,
  type StepObserver,
  type StepRequest,
} from '../journeys/journey.ts'
import type { Transaction } from '../stores/transaction.ts'
import { refusedFormOf } from './middleware/csrf.ts'
import { formOf } from './middleware/form-body.ts'
import { createUnderWay, settle } from './under-way.ts'
import type { PageLocals } from './views/render.ts'

/** What a journey needs of its entrance: where it is mounted, where it stands, how it ends. */
export type JourneyMount<S extends { step: string }, D> = {
  journey: Journey<S, D>
  deps: D
  clock: Clock
  /** Path that all its steps lie below. */
  base(ctx: Context): string
  /** Where the journey stands; `null` when the page has been answered already. */
  locate(ctx: Context): Promise<Position<S> | null>
  request(ctx: Context): StepRequest
  /** A state without a page: the journey is complete. */
  finish(ctx: Context, position: Position<S>): Promise<void>
  /** A form has moved the journey to this state. */
  moved?(ctx: Context, state: S): void
  locals?(ctx: Context): PageLocals
}

/** Creates the two handlers of every step: GET shows the current one, POST answers it (architecture.md, "A journey"). */
export function mountJourney<
  S extends { step: string },
  D extends { transaction: Transaction } & { observeStep?: StepObserver },
>(mount: JourneyMount<S, D>) {
  const underWay = createUnderWay()
  return {
    async show(ctx: Context): Promise<void> {
      const position = await arrive(mount, ctx)
      const input = refusedFormOf(ctx)
      if (position) await showStep(mount, ctx, position, input && { errors: {}, input, status: 403 })
    },
    async submit(ctx: Context): Promise<void> {
      const position = await arrive(mount, ctx)
      if (!position) return
      const input = { ...formOf(ctx) }
      const { others, work } = underWay.begin(position.id, () =>
        advance(mount.journey, position, input, mount.deps, mount.request(ctx)),
      )
      const result = await settle(await work, others, position, mount.deps.transaction)
      mount.deps.observeStep?.(mount.journey.name, position.state.step, outcomeOf(result))
      await answer(mount, ctx, position, result, input)
    },
  }
}

/** Finds the journey and sends every other address to its current step. */
async function arrive<S extends { step: string }, D>(
  mount: JourneyMount<S, D>,
  ctx: Context,
): Promise<Position<S> | null> {
  const position = await mount.locate(ctx)
  if (!position) return null
  const step = currentStep(mount.journey, position.state)
  if (!step) {
    await mount.finish(ctx, position)
    return null
  }
  const path = pathOf(mount.base(ctx), step.path)
  if (ctx.path.replace(/\/$/, '') === path) return position
  redirect(ctx, path)
  return null
}

async function answer<S extends { step: string }, D extends { transaction: Transaction }>(
  mount: JourneyMount<S, D>,
  ctx: Context,
  position: Position<S>,
  result: Advance<S>,
  input: Record<string, string>,
): Promise<void> {
  switch (result.kind) {
    case 'moved': {
      const moved = { ...position, state: result.state, version: position.version + 1 }
      const step = currentStep(mount.journey, result.state)
      mount.moved?.(ctx, result.state)
      if (step) return redirect(ctx, pathOf(mount.base(ctx), step.path))
      return await mount.finish(ctx, moved)
    }
    case 'overtaken':
      return await goOn(mount, ctx)
    case 'invalid':
      ctx.status = 422
      return await showStep(mount, ctx, position, { errors: result.errors, input, model: result.model })
    case 'blocked': {
      const { until, view, model } = result
      return await showPause(ctx, { until, now: mount.clock.now(), view }, locals(mount, ctx, position, { model }))
    }
  }
}

type Pause = { until: Date; now: Date; view?: string | undefined }

/** Answers a pause (429): until when, and `Retry-After` in seconds. */
export async function showPause(ctx: Context, { until, now, view }: Pause, page: PageLocals): Promise<void> {
  ctx.set('Retry-After', String(Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1000))))
  const model = { until, canSendLink: false, ...page.model }
  await ctx.renderPage(view ?? 'sign-in/paused', { ...page, model }, 429)
}

/** Another request has moved the journey meanwhile: leads to where it stands now. */
async function goOn<S extends { step: string }, D>(mount: JourneyMount<S, D>, ctx: Context): Promise<void> {
  const position = await mount.locate(ctx)
  if (!position) return
  const step = currentStep(mount.journey, position.state)
  redirect(ctx, step ? pathOf(mount.base(ctx), step.path) : mount.base(ctx))
}

type Refused = {
  errors: FieldErrors
  input: Record<string, string>
  model?: Record<string, unknown> | undefined
  status?: number
}

async function showStep<S extends { step: string }, D>(
  mount: JourneyMount<S, D>,
  ctx: Context,
  position: Position<S>,
  refused?: Refused,
): Promise<void> {
  const step = currentStep(mount.journey, position.state)
  if (!step) return
  const view = await step.show(position.state as never, mount.deps, mount.request(ctx))
  const kept = refused && Object.fromEntries((step.keeps ?? []).map((name) => [name, refused.input[name] ?? '']))
  const page = locals(mount, ctx, position, {
    values: { ...view.values, ...kept },
    errors: toErrors(refused?.errors ?? view.errors ?? {}),
    model: { ...view.model, ...refused?.model },
  })
  const name = step.view ?? `${mount.journey.name}/${kebab(position.state.step)}`
  await ctx.renderPage(name, page, refused ? (refused.status ?? 422) : 200)
}

function locals<S extends { step: string }, D>(
  mount: JourneyMount<S, D>,
  ctx: Context,
  position: Position<S>,
  page: PageLocals,
): PageLocals {
  return { action: ctx.path, progress: mount.journey.progress(position.state), ...mount.locals?.(ctx), ...page }
}

function toErrors(errors: FieldErrors): PageLocals['errors'] {
  return Object.fromEntries(
    Object.entries(errors).map(([field, error]) =>
      typeof error === 'string'
        ? [field, { key: `errors.${field}.${error}` }]
        : [field, { key: `errors.${field}.${error.reason}`, params: error.params }],
    ),
  )
}

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
const pathOf = (base: string, path: string) => (path ? `${base}/${path}` : base)

function redirect(ctx: Context, path: string): void {
  ctx.status = 303
  ctx.redirect(path)
}
