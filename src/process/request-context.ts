import { AsyncLocalStorage } from 'node:async_hooks'
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api'

/** What every log line of a request says: its id, the id a proxy gave it, and the trace (W3C Trace Context) it is part of. */
type RequestFields = { requestId: string; proxyRequestId?: string; traceId?: string }

export type RequestContext = ReturnType<typeof createRequestContext>

/** Creates the memory of which request the code at work belongs to; it follows promises and timers. */
export function createRequestContext() {
  const storage = new AsyncLocalStorage<RequestFields | undefined>()
  return {
    run: <T>(fields: RequestFields, work: () => T): T => storage.run(fields, work),
    /** For the log: a new object each time, empty outside of requests. */
    fields: (): Partial<RequestFields> => ({ ...storage.getStore() }),
    /** Runs what a request sets off but what is not its own: deliveries for others must not bear its id, nor join its trace. */
    outside: <T>(work: () => T): T => storage.run(undefined, () => context.with(ROOT_CONTEXT, work)),
  }
}

/** The id that a proxy gave the request: a UUID (RFC 9562) or 32 hexadecimal digits (a trace id, nginx); anything else is none. */
export function foreignIdOf(given: string | undefined): string | undefined {
  const id = given?.toLowerCase() ?? ''
  // Digits alone are more likely somebody's number than chance.
  if (!/[a-f]/.test(id)) return undefined
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$|^[0-9a-f]{32}$/.test(id)
    ? id
    : undefined
}

/** The trace that this process records, or the one that `traceparent` names (W3C Trace Context, 3.2); undefined without. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId ?? parseTraceparent(traceparent)
}

function parseTraceparent(header: string | undefined): string | undefined {
  const [, version, traceId, parentId, rest] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/.exec(header ?? '') ?? []
  if (!traceId || version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  return /^0+$/.test(traceId) || /^0+$/.test(parentId ?? '') ? undefined : traceId
}
