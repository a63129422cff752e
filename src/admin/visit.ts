import type { Context } from 'koa'
import type { Right } from '../domain/staff/rights.ts'
import type { PageLocals } from '../http/views/render.ts'
import type { SignedInStaff } from '../services/staff/admission.ts'

/** A request of somebody who is signed in and may do what the route is for. */
export type Visit = {
  ctx: Context
  signedIn: SignedInStaff
  /** As the audit log names him. */
  actor: `staff:${string}`
  /** The fields of the form that was posted. */
  form: Record<string, string>
  /** The parts of the path that the route names. */
  params: Record<string, string>
  /** Whether the person may do something else, for what a page offers. */
  may(right: Right): boolean
  /** Answers with `views/admin/<view>.ejs` inside the frame of the console. */
  show(view: string, locals?: PageLocals, status?: number): Promise<void>
  /** Answers a form that was done: leads to a page of the console, which says `console.done.<notice>` above its heading. */
  goTo(path: string, notice?: string): void
}

/** A page or form of the console. Rights and proofs are looked at before `handle` runs, for every route alike. */
export type ConsoleRoute = {
  method: 'get' | 'post'
  /** Below `/admin`, as @koa/router reads it: `/clients/:clientId`. */
  path: string
  /** `signed-in`: every member of staff. */
  right: Right | 'signed-in'
  /** The second factor must have been shown within five minutes; it is asked for, and nothing that was typed is lost. */
  fresh?: true
  handle(visit: Visit): Promise<void>
}
