import cluster, { type Worker } from 'node:cluster'
import type { RequestListener } from 'node:http'
import { AggregatorRegistry, Registry } from 'prom-client'
import { refusalOf } from '../http/middleware/request-guard.ts'
import { securityHeaders } from '../http/middleware/security-headers.ts'
import { answerJson, openListener } from '../process/listener.ts'

const headers = securityHeaders({ secure: false })

/** Between the first process of a cluster, which is scraped, and the others, which have the figures. */
type Question = { msg: 'metrics?'; id: number }
type Answer = { msg: 'metrics'; id: number; metrics: Figures }

/** The figures of one process as data. */
export type Figures = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** Milliseconds: a process that hangs must not hide the others. */
const patience = 2500

/** Answers the first process of the cluster when it asks for the figures of this one. */
export function answerCluster(read: () => Promise<Figures>): void {
  process.on('message', async (question: Question) => {
    if (question.msg !== 'metrics?') return
    // Without figures the first process goes on with those of the others.
    const metrics = await read().catch(() => [])
    const answer: Answer = { msg: 'metrics', id: question.id, metrics }
    if (process.connected) process.send?.(answer, undefined, undefined, () => {})
  })
}

/**
 * Opens the metrics of a whole cluster in its first process: each scrape asks every process and adds their figures up.
 * @throws StartUpError when the port cannot be opened
 */
export async function serveClusterMetrics(host: string, port: number): Promise<void> {
  const listener = await openListener(host, port, 'METRICS_PORT')
  let scrapes = 0
  const text = async () => {
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker?.isConnected()) as Worker[]
    const id = ++scrapes
    const answers = await Promise.all(workers.map((worker) => ask(worker, id)))
    const figures = answers.flatMap((metrics) => (metrics ? [metrics] : []))
    return await AggregatorRegistry.aggregate(figures).metrics()
  }
  listener.handle(answerScrapes(text))
}

/** Answers GET at every path with the figures, in the text format of Prometheus, and what the guard refuses as it does. */
export function answerScrapes(text: () => Promise<string>): RequestListener {
  return (request, response) => {
    const refused =
      refusalOf(request)?.code ?? (['GET', 'HEAD'].includes(request.method ?? '') ? undefined : 'method_not_allowed')
    if (refused) return answerJson(response, refused)
    text().then(
      (figures) => {
        if (response.headersSent) return
        response.writeHead(200, { ...headers, 'Content-Type': Registry.PROMETHEUS_CONTENT_TYPE })
        response.end(figures)
      },
      () => !response.headersSent && answerJson(response, 'internal'),
    )
  }
}

function ask(worker: Worker, id: number): Promise<Figures | undefined> {
  return new Promise((resolve) => {
    const end = (metrics?: Figures) => {
      clearTimeout(timer)
      worker.off('message', onMessage)
      worker.off('disconnect', onDisconnect)
      resolve(metrics)
    }
    const onMessage = (answer: Answer) => {
      if (answer.msg === 'metrics' && answer.id === id) end(answer.metrics)
    }
    const onDisconnect = () => end()
    const timer = setTimeout(onDisconnect, patience)
    worker.on('message', onMessage)
    worker.on('disconnect', onDisconnect)
    const question: Question = { msg: 'metrics?', id }
    worker.send(question, (error) => error && end())
  })
}
