import type { IncomingMessage } from 'node:http'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { NodeSDK } from '@opentelemetry/sdk-node'
import type { TelemetrySettings } from '../config/telemetry.ts'
import { type TrustedProxies, trustsPeer } from '../domain/network/trusted-proxies.ts'
import { withoutValues } from './without-values.ts'

/** Milliseconds that the end of a process waits for the last spans. */
const patience = 2000

/**
 * Starts OpenTelemetry traces of requests, PostgreSQL and Redis; everything but the two settings comes from `OTEL_*`
 * (OpenTelemetry specification, "Environment Variable Specification"). Call it before the application starts.
 */
export function startTelemetry(
  { serviceName, protocol }: TelemetrySettings,
  trusted: TrustedProxies,
): { stop(): Promise<void> } {
  const exporter = protocol === 'http/json' ? new JsonExporter() : new ProtobufExporter()
  const sdk = new NodeSDK({
    serviceName,
    traceExporter: withoutValues(exporter),
    instrumentations: [
      new HttpInstrumentation({
        ignoreIncomingRequestHook(request) {
          // Called before the trace of the request is read: a stranger continues none, and chooses no id that is logged.
          if (!trustsPeer(trusted, request.socket.remoteAddress)) forgetTrace(request)
          return /^\/(health|assets)\b/.test(request.url ?? '')
        },
      }),
      // Polls of the outbox and beats are no part of anything that somebody waits for.
      new PgInstrumentation({ requireParentSpan: true, ignoreConnectSpans: true }),
      new IORedisInstrumentation({ requireParentSpan: true, dbStatementSerializer: (command) => command }),
    ],
    // Metrics are scraped, logs are read from stdout.
    metricReaders: [],
    logRecordProcessors: [],
  })
  sdk.start()
  instrumentLoaded()
  return {
    async stop(): Promise<void> {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, patience)
      })
      // A collector that is away must not hold up the end of a process.
      await Promise.race([sdk.shutdown().catch(() => {}), late]).finally(() => clearTimeout(timer))
    },
  }
}

function forgetTrace({ headers }: IncomingMessage): void {
  for (const name of ['traceparent', 'tracestate', 'baggage']) delete headers[name]
}

/**
 * Instrumentations wrap what is required, and ES modules import: requiring the same instances wraps their prototypes, and the
 * built-in modules hand the wrapped functions on to imports. So no loader hook sits in the way of every module.
 */
function instrumentLoaded(): void {
  const require = createRequire(import.meta.url)
  for (const name of ['http', 'https', 'pg', 'ioredis']) require(name)
  syncBuiltinESMExports()
}
