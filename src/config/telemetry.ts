/** How traces leave the process; everything else about them the SDK takes from `OTEL_*` itself. */
export type TelemetrySettings = { serviceName: string; protocol: 'http/json' | 'http/protobuf' }

/** Tells whether traces are recorded: some `OTEL_*` is set and none of them says no. */
export function telemetryOf(variables: NodeJS.ProcessEnv): TelemetrySettings | undefined {
  const set = Object.entries(variables).some(([name, value]) => name.startsWith('OTEL_') && value)
  if (!set || variables.OTEL_SDK_DISABLED === 'true' || variables.OTEL_TRACES_EXPORTER === 'none') return undefined
  const protocol = variables.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? variables.OTEL_EXPORTER_OTLP_PROTOCOL
  return {
    serviceName: variables.OTEL_SERVICE_NAME || 'meine-aok-anmeldung',
    protocol: protocol === 'http/json' ? protocol : 'http/protobuf',
  }
}
