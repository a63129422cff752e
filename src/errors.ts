/**
 * The errors that may reach a person: stable code, HTTP status, text key of the page (`error.<kind>`), detail for the log.
 * Expected outcomes are values, never one of these (architecture.md, "Results").
 */
export const errorCodes = {
  bad_request: { status: 400, detail: 'request cannot be understood' },
  csrf: { status: 403, detail: 'CSRF token or origin does not fit' },
  forbidden: { status: 403, detail: 'not allowed' },
  application_suspended: { status: 403, detail: 'application is kept out' },
  not_found: { status: 404, detail: 'no such page' },
  request_timeout: { status: 408, detail: 'request did not arrive in time' },
  method_not_allowed: { status: 405, detail: 'no such method at this address' },
  too_large: { status: 413, detail: 'body over the limit' },
  uri_too_long: { status: 414, detail: 'address over the limit' },
  headers_too_large: { status: 431, detail: 'headers or cookies over the limit' },
  too_many: { status: 429, detail: 'limit reached' },
  internal: { status: 500, detail: 'unexpected fault' },
  unavailable: { status: 503, detail: 'overloaded or a store is away' },
} as const

export type ErrorCode = keyof typeof errorCodes

/** A refusal that ends the request with a page. `retryAfter` is in seconds. */
export class PublicError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly retryAfter: number | undefined
  constructor(code: ErrorCode, options: { detail?: string; retryAfter?: number; cause?: unknown } = {}) {
    super(options.detail ?? errorCodes[code].detail, { cause: options.cause })
    this.name = 'PublicError'
    this.code = code
    this.status = errorCodes[code].status
    this.retryAfter = options.retryAfter
  }
}

/** A setting or start-up condition that an operator must mend; its message says what and how, in one sentence. */
export class StartUpError extends Error {
  override name = 'StartUpError'
}

/** PostgreSQL or Redis does not answer, or answers that it cannot serve now; `cause` says why. */
export class StoreAway extends Error {
  override name = 'StoreAway'
  constructor(store: string, options: { cause?: unknown } = {}) {
    super(`${store} is away`, options)
  }
}

/** A row that no key of ours opens, or whose values were altered or moved. `row` is its key, never what it holds. */
export class UnreadableRow extends Error {
  override name = 'UnreadableRow'
  readonly table: string
  readonly row: string
  constructor(table: string, row: string, cause: unknown) {
    super(`a row of ${table} cannot be opened: ${(cause as Error).message}`, { cause })
    this.table = table
    this.row = row
  }
}

/** Parts of some work failed while the others went on; `done`: how much those did. */
export class PartsFailed extends AggregateError {
  override name = 'PartsFailed'
  readonly done: number
  constructor(faults: unknown[], done: number) {
    super(
      faults.flatMap((fault) => (fault instanceof PartsFailed ? fault.errors : [fault])),
      'parts of the work failed, the others are done',
    )
    this.done = done
  }
}

/** Thrown inside a transaction to undo it with a value as the answer. */
export class Abandon<T> extends Error {
  readonly value: T
  constructor(value: T) {
    super('transaction abandoned')
    this.name = 'Abandon'
    this.value = value
  }
}
