import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type ReceivedSpan = {
  name: string
  traceId: string
  kind: number
  attributes: { key: string; value: Record<string, unknown> }[]
}

/**
 * A collector of traces on loopback: OTLP over HTTP (OpenTelemetry Protocol specification, 1.x). Spans are read from JSON only; of protobuf
 * the texts can be looked for, which stand in it as they are.
 */
export async function startCollector() {
  const bodies: string[] = []
  const contentTypes = new Set<string>()
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const chunk of request) parts.push(chunk)
    bodies.push(Buffer.concat(parts).toString())
    const type = request.headers['content-type'] ?? ''
    contentTypes.add(type)
    response.setHeader('Content-Type', type)
    // An empty answer of success, in either form.
    response.end(type === 'application/json' ? '{}' : '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  type Export = { resourceSpans?: { scopeSpans: { spans: ReceivedSpan[] }[] }[] }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Everything that arrived, as it was sent. */
    contentTypes: () => [...contentTypes],
    text: () => bodies.join('\n'),
    spans: (): ReceivedSpan[] =>
      bodies.flatMap((body) =>
        ((JSON.parse(body) as Export).resourceSpans ?? []).flatMap(({ scopeSpans }) =>
          scopeSpans.flatMap(({ spans }) => spans),
        ),
      ),
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}
