import { PublicError } from '../errors.ts'
import { isStoreAway } from '../http/middleware/errors.ts'

/** What may go wrong at the HTTP API (RFC 9457): the last part of `type`, status, title, and what mends it. */
export const problems = {
  'bad-request': { status: 400, title: 'Request cannot be understood', mend: 'Send it as the document describes it.' },
  unauthorized: { status: 401, title: 'Access token missing', mend: 'Send an access token as Authorization: Bearer.' },
  'invalid-token': {
    status: 401,
    title: 'Access token not valid',
    mend: 'Fetch a new one with the client credentials grant.',
  },
  'insufficient-scope': { status: 403, title: 'Scope missing', mend: 'Ask for the scope that WWW-Authenticate names.' },
  'beyond-own-scopes': {
    status: 403,
    title: 'Scopes beyond your own',
    mend: 'Who has other administrative scopes than your token is changed by staff.',
  },
  'not-found': { status: 404, title: 'No such thing', mend: 'Look into the list: it was removed, or never was.' },
  'method-not-allowed': { status: 405, title: 'No such method here', mend: 'Allow names the methods.' },
  conflict: { status: 409, title: 'Not possible in this state', mend: 'Read the state anew and decide again.' },
  'takes-two': {
    status: 409,
    title: 'Takes two persons',
    mend: 'Staff ask for it at the console, and another approves.',
  },
  managed: { status: 409, title: 'A file manages it', mend: 'Change the file and apply it.' },
  'key-busy': {
    status: 409,
    title: 'The same key is at work',
    mend: 'Wait, and send the same request with the same Idempotency-Key again.',
  },
  'precondition-failed': {
    status: 412,
    title: 'Changed meanwhile',
    mend: 'Read it anew, and send its ETag as If-Match.',
  },
  'too-large': { status: 413, title: 'Body too large', mend: 'Send less.' },
  'unsupported-media-type': { status: 415, title: 'Not JSON', mend: 'Send application/json in UTF-8, not compressed.' },
  invalid: { status: 422, title: 'Content not valid', mend: 'errors names each fault and its place.' },
  'key-reused': {
    status: 422,
    title: 'Key of another request',
    mend: 'Each request needs an Idempotency-Key of its own.',
  },
  'precondition-required': {
    status: 428,
    title: 'If-Match missing',
    mend: 'Send the ETag that you have read as If-Match, or If-None-Match: * for a new one.',
  },
  'too-many': { status: 429, title: 'Too many requests', mend: 'Wait as long as Retry-After says.' },
  internal: {
    status: 500,
    title: 'Unexpected fault',
    mend: 'Try again later; operators find the fault by the reference.',
  },
  unavailable: { status: 503, title: 'Cannot be served now', mend: 'Try again as Retry-After says.' },
} as const satisfies Record<string, { status: number; title: string; mend: string }>

export type ProblemName = keyof typeof problems

/** A fault in what was sent: where (RFC 6901) and what. */
export type ContentFault = { pointer: string; detail: string }

type Given = { detail?: string; errors?: ContentFault[]; headers?: Record<string, string> }

/** Ends a request with a problem. */
export class Problem extends Error {
  override name = 'Problem'
  readonly problem: ProblemName
  readonly given: Given
  constructor(problem: ProblemName, given: Given = {}) {
    super(given.detail ?? problems[problem].title)
    this.problem = problem
    this.given = given
  }
}

/** Asks to wait until then. */
export const tooManyUntil = (until: Date, now: Date): Problem =>
  new Problem('too-many', {
    headers: { 'Retry-After': String(Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1000))) },
  })

const ofStatus: Partial<Record<number, ProblemName>> = {
  400: 'bad-request',
  404: 'not-found',
  413: 'too-large',
  429: 'too-many',
  503: 'unavailable',
}

/** Takes anything that was thrown for the problem that it is; what nobody foresaw is `internal`. */
export function toProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown
  if (thrown instanceof PublicError) {
    const headers: Record<string, string> = thrown.retryAfter ? { 'Retry-After': String(thrown.retryAfter) } : {}
    return new Problem(ofStatus[thrown.status] ?? 'internal', { headers })
  }
  if (isStoreAway(thrown)) return new Problem('unavailable', { headers: { 'Retry-After': '10' } })
  return new Problem('internal')
}

/** The body of RFC 9457; `type` leads to what the problem means. */
export const problemBody = ({ problem, given }: Problem, reference: string) => ({
  type: `/admin/api/v1/problems/${problem}`,
  title: problems[problem].title,
  status: problems[problem].status,
  detail: given.detail ?? problems[problem].mend,
  reference,
  ...(given.errors && { errors: given.errors }),
})
