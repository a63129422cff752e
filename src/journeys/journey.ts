import type { z } from 'zod'
import { Abandon } from '../errors.ts'
import type { Account } from '../stores/accounts/accounts.ts'
import type { Transaction, UnitOfWork } from '../stores/transaction.ts'

/** A field's refusal: the reason word of its text (`errors.<field>.<reason>`), with parameters where the text has some. */
export type FieldErrors = Record<string, string | { reason: string; params: Record<string, string | number> }>

/** What the browser sends along, beside the form. */
export type StepRequest = {
  /** Id of the journey: uid of the interaction, or hash of the browser-held id. */
  journeyId: string
  /** Client address, as `readAddress` spells it. */
  address: string
  /** Random id of the browser's signed cookie. */
  browser: string
  language: string
  /** What the application expects as user name (OpenID Connect Core, `login_hint`). */
  loginHint?: string
  /** Whether the request may be answered for this account; absent: for anybody (OpenID Connect Core, `id_token_hint`, `sub`). */
  isFor?(accountId: string): boolean
  /** The application that asks, if it may be named. */
  application?: { clientId: string; name: string; reviewed: boolean }
  /** The account as the step before has read it in this request, for the step that is entered. */
  account?: Account
}

/** What happens together with the saved step, in its transaction. Returns a refusal to undo all of it. */
// biome-ignore lint/suspicious/noConfusingVoidType: effects that cannot object end without a value
export type Effects<S> = (unit: UnitOfWork) => Promise<Submission<S> | undefined | void>

/** Effects; `atOnce`: they are writes that may go out in one statement with the saved step, and mean nothing without it. */
type Work<S> = { effects?: Effects<S> | undefined; atOnce?: boolean | undefined }

/** How a step answers a form. */
export type Submission<S> =
  /** On to the step that the journey's table names for this outcome; `data` is the next step's state. */
  | { outcome: string; data: object; effects?: Effects<S>; atOnce?: boolean; account?: Account }
  /** The same step again: a form with field errors (422), entered values are kept by the caller. */
  | { invalid: FieldErrors; model?: Record<string, unknown>; effects?(unit: UnitOfWork): Promise<void> }
  /** The same step with a changed state (a new mTAN was sent). */
  | { stay: object; effects?: Effects<S>; atOnce?: boolean }
  /** A pause (429) until the time; `view` names a page of its own. */
  | { blockedUntil: Date; view?: string; model?: Record<string, unknown> }

/** One page of a journey. It never sees a request, a URL or a database (architecture.md, "Shapes to follow"). */
export type Step<S extends { step: string }, N extends S['step'], D> = {
  path: string
  /** Page to show; default: the step's name in kebab-case in the journey's folder. */
  view?: string
  /** Fields that are shown again after a refusal; secrets are never among them. */
  keeps?: readonly string[]
  /** Runs when the journey arrives here, before it is saved: sends the mTAN. */
  enter?(
    state: Extract<S, { step: N }>,
    deps: D,
    request: StepRequest,
  ): Promise<{ state: object; effects?: Effects<S>; atOnce?: boolean }>
  show(state: Extract<S, { step: N }>, deps: D, request: StepRequest): Promise<View> | View
  submit?(input: Input, state: Extract<S, { step: N }>, deps: D, request: StepRequest): Promise<Submission<S>>
  /** Further forms of the page, by the value of their `action` field. */
  actions?: Record<
    string,
    (input: Input, state: Extract<S, { step: N }>, deps: D, request: StepRequest) => Promise<Submission<S>>
  >
}

export type Input = Record<string, string>
/** Plain data for the page; `values` prefill the form, `errors` tell what an earlier step found. */
export type View = { model?: Record<string, unknown>; values?: Record<string, string>; errors?: FieldErrors }

/** A journey as data: its steps, and for each step which outcome leads where. */
export type Journey<S extends { step: string }, D> = {
  name: string
  state: z.ZodType<S>
  first: S
  steps: { [N in S['step']]?: Step<S, N, D> }
  table: { [N in S['step']]?: Record<string, S['step']> }
  progress(state: S): { step: number; of: number } | undefined
}

/** What is stored of a journey (stores/journeys.ts). */
export type Position<S> = { id: string; version: number; state: S }

export type Advance<S> =
  | { kind: 'moved'; state: S; outcome: string }
  /** Another request has moved the journey meanwhile: show where it is now. */
  | { kind: 'overtaken' }
  | { kind: 'invalid'; errors: FieldErrors; model?: Record<string, unknown> }
  | { kind: 'blocked'; until: Date; view?: string; model?: Record<string, unknown> }

/** Counts how an answered form ended: an outcome of the table, `stay`, `invalid`, `paused` or `overtaken`. */
export type StepObserver = (journey: string, step: string, outcome: string) => void

/** Names how an answered form ended. */
export function outcomeOf(result: Advance<{ step: string }>): string {
  if (result.kind === 'moved') return result.outcome
  return result.kind === 'blocked' ? 'paused' : result.kind
}

type AnyStep<S extends { step: string }, D> = Step<S, S['step'], D>

/** Finds the step a journey stands at. */
export function currentStep<S extends { step: string }, D>(journey: Journey<S, D>, state: S) {
  return journey.steps[state.step as S['step']] as unknown as AnyStep<S, D> | undefined
}

/**
 * Answers a form: parses it, asks the step, finds the next one in the table, and saves it together with the step's
 * effects in one transaction. A double click moves once: saving is conditional on the version that was read; and the click
 * that comes second waits for the first, rather than being refused for what that one used up.
 */
export async function advance<S extends { step: string }, D extends { transaction: Transaction }>(
  journey: Journey<S, D>,
  position: Position<S>,
  input: Input,
  deps: D,
  request: StepRequest,
): Promise<Advance<S>> {
  const step = currentStep(journey, position.state)
  if (!step) return { kind: 'overtaken' }
  const submission = await answer(step, position.state, input, deps, request)
  if ('outcome' in submission) return await move(journey, position, submission, deps, request)
  if ('stay' in submission) {
    const state = journey.state.parse({ ...submission.stay, step: position.state.step })
    return await save(position, state, [submission], 'stay', deps.transaction)
  }
  return await refuse(position, submission, deps.transaction)
}

/** Refuses, with what belongs to the refusal, while the journey still stands where the form was answered. */
async function refuse<S extends { step: string }>(
  position: Position<S>,
  submission: Submission<S>,
  transaction: Transaction,
): Promise<Advance<S>> {
  return await transaction(async (unit) => {
    if (!(await unit.journeys.stands(position.id, position.version))) return { kind: 'overtaken' }
    if ('invalid' in submission) await submission.effects?.(unit)
    return refusal(submission)
  })
}

async function answer<S extends { step: string }, D>(
  step: AnyStep<S, D>,
  state: S,
  input: Input,
  deps: D,
  request: StepRequest,
): Promise<Submission<S>> {
  const current = state as Extract<S, { step: S['step'] }>
  // Own names only: `action=constructor` is no action of the page.
  const action =
    step.actions && Object.hasOwn(step.actions, input.action ?? '') ? step.actions[input.action ?? ''] : undefined
  if (action) return await action(input, current, deps, request)
  if (!step.submit) return { invalid: {} }
  return await step.submit(input, current, deps, request)
}

async function move<S extends { step: string }, D extends { transaction: Transaction }>(
  journey: Journey<S, D>,
  position: Position<S>,
  submission: Extract<Submission<S>, { outcome: string }>,
  deps: D,
  request: StepRequest,
): Promise<Advance<S>> {
  const from = position.state.step as S['step']
  const to = journey.table[from]?.[submission.outcome]
  if (!to) throw new Error(`journey ${journey.name}: step ${from} has no outcome ${submission.outcome}`)
  let state = journey.state.parse({ ...submission.data, step: to })
  const { account } = submission
  const entered = await currentStep(journey, state)?.enter?.(state as never, deps, { ...request, account })
  if (entered) state = journey.state.parse({ ...entered.state, step: to })
  return await save(
    position,
    state,
    entered ? [submission, entered] : [submission],
    submission.outcome,
    deps.transaction,
  )
}

async function save<S extends { step: string }>(
  position: Position<S>,
  state: S,
  work: Work<S>[],
  outcome: string,
  transaction: Transaction,
): Promise<Advance<S>> {
  const effects = work.flatMap((each) => each.effects ?? [])
  const atOnce = work.every((each) => !each.effects || each.atOnce)
  try {
    return await transaction(async (unit) => {
      const saving = unit.journeys.save(position.id, position.version, state)
      const together = atOnce ? Promise.all(effects.map((effect) => effect(unit))) : undefined
      const [saved] = await Promise.all([saving, together])
      if (!saved) throw new Abandon({ kind: 'overtaken' })
      for (const [index, effect] of effects.entries()) {
        const objection = together ? (await together)[index] : await effect(unit)
        if (objection) throw new Abandon(refusal(objection))
      }
      return { kind: 'moved', state, outcome }
    })
  } catch (error) {
    if (error instanceof Abandon) return error.value as Advance<S>
    throw error
  }
}

function refusal<S>(submission: Submission<S>): Advance<S> {
  if ('invalid' in submission) return { kind: 'invalid', errors: submission.invalid, model: submission.model }
  if ('blockedUntil' in submission)
    return { kind: 'blocked', until: submission.blockedUntil, view: submission.view, model: submission.model }
  return { kind: 'overtaken' }
}
