import cluster from 'node:cluster'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { openListener } from '../process/listener.ts'
import { answerCluster, answerScrapes } from './cluster.ts'
import { createCounts } from './counts.ts'
import { createRequestMetrics } from './middleware.ts'
import { createProcessGauges, type ProcessLooks } from './process-gauges.ts'
import { createStoreGauges, type StoreFigures } from './store-gauges.ts'

export type Metrics = ReturnType<typeof createMetrics>

/** Creates the metrics of this process. They are counted from the start on; what is looked at comes with `watch`. */
export function createMetrics() {
  const registry = new Registry()
  const counts = createCounts(registry)
  const processGauges = createProcessGauges(registry)
  const storeGauges = createStoreGauges(registry)
  let looks: ProcessLooks = {}
  let readFigures: (() => Promise<StoreFigures>) | undefined
  const refresh = async () => {
    processGauges.refresh(looks)
    await storeGauges.refresh(readFigures)
  }
  return {
    counts,
    middleware: createRequestMetrics(counts),
    registry,
    /** Tells where the gauges look from now on. */
    watch(given: ProcessLooks, figures: () => Promise<StoreFigures>): void {
      looks = given
      readFigures = figures
    },
    /** The text of a scrape. */
    async text(): Promise<string> {
      await refresh()
      return await registry.metrics()
    },
    /** The same as data, for the first process of a cluster. */
    async data() {
      await refresh()
      return await registry.getMetricsAsJSON()
    },
    close: processGauges.close,
  }
}

/**
 * Answers scrapes on a port of its own; in a cluster the first process does so for all.
 * @throws StartUpError when the port cannot be opened
 */
export async function serveMetrics(host: string, port: number, metrics: Metrics): Promise<() => Promise<void>> {
  collectDefaultMetrics({ register: metrics.registry })
  if (cluster.isWorker) {
    answerCluster(metrics.data)
    return async () => {}
  }
  const listener = await openListener(host, port, 'METRICS_PORT')
  listener.handle(answerScrapes(metrics.text))
  return () => listener.close()
}
