import type { PageLocals } from '../../src/http/views/render.ts'

/** One page in one state, as a route or step would give it to `ctx.renderPage`. */
export type Sample = { name: string; view: string; locals: PageLocals }

/** Names a page in a state: `view`, or `view-state`. */
export const sample = (view: string, locals: PageLocals = {}, state = ''): Sample => ({
  name: state ? `${view}-${state}` : view,
  view,
  locals: { action: '/pfad', ...locals },
})

/** Field errors as pairs of field and reason. */
export const refused = (...pairs: [string, string, Record<string, string | number>?][]): PageLocals['errors'] =>
  Object.fromEntries(pairs.map(([field, reason, params]) => [field, { key: `errors.${field}.${reason}`, params }]))

export const at = (time: string) => new Date(`2026-11-24T${time}+01:00`)

/** Model of a page on which an mTAN has just been sent. */
export const registrationMtan = {
  mobile: '+49 1511 2345671',
  sent: true,
  purpose: 'registration',
  expiresAt: at('14:10:00'),
  resendAt: at('14:05:30'),
  resendsLeft: 4,
  blockedUntil: null,
}
