import { type Attributes, SpanKind } from '@opentelemetry/api'
import type { NodeSDKConfiguration } from '@opentelemetry/sdk-node'

type SpanExporter = NodeSDKConfiguration['traceExporter']
type ReadableSpan = Parameters<SpanExporter['export']>[0][number]

/**
 * Attributes that hold words of protocols and of our code. Everything else stays here: addresses with tokens, queries, client
 * addresses, browsers, parameters of statements (security.md, "Never").
 */
const kept = new Set([
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'network.protocol.version',
  'server.address',
  'server.port',
  'url.scheme',
  'error.type',
  'db.system',
  'db.system.name',
  'db.name',
  'db.namespace',
  'db.operation.name',
  'db.statement',
  'db.query.text',
])

/** Of a request that comes in these are the requester's words: its Host header, and the scheme that a header claims. */
const claimed = new Set(['server.address', 'server.port', 'url.scheme'])

/** Lets spans out with the attributes that are known to hold no value; messages of faults quote values, so they stay, too. */
export function withoutValues(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(clean), done),
    forceFlush: async () => await exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  }
}

function clean(span: ReadableSpan): ReadableSpan {
  const events = span.events.map((event) => ({ ...event, attributes: typeOf(event.attributes) }))
  const incoming = span.kind === SpanKind.SERVER
  const attributes = Object.fromEntries(
    Object.entries(span.attributes).filter(([name]) => kept.has(name) && !(incoming && claimed.has(name))),
  )
  return Object.create(span, {
    attributes: { value: attributes },
    events: { value: events },
    links: { value: span.links.map((link) => ({ ...link, attributes: {} })) },
    status: { value: { code: span.status.code } },
  })
}

const typeOf = (attributes: Attributes = {}): Attributes =>
  attributes['exception.type'] === undefined ? {} : { 'exception.type': attributes['exception.type'] }
