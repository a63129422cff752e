import { createAuditReceiver } from '../../gateways/audit-stream/receiver.ts'
import { createLimiter } from '../../gateways/limiter.ts'
import { createFallingBackCounters, createRedisCounters } from '../../gateways/redis/counters.ts'
import { createAlertService } from '../../services/operation/alerts.ts'
import { createAuditService } from '../../services/operation/audit.ts'
import { createAuditLookUps } from '../../services/operation/audit-look-ups.ts'
import { createAuditRetention } from '../../services/operation/audit-retention.ts'
import { createAuditStream, deliveryTimeout } from '../../services/operation/audit-stream.ts'
import { createApiIdempotency } from '../../services/operation/idempotency.ts'
import { inBatches } from '../../services/operation/in-batches.ts'
import { createJobRunner, type JobLog } from '../../services/operation/job-runner.ts'
import { createStatisticsService } from '../../services/operation/statistics.ts'
import { createOidcArtefactStore } from '../../stores/sign-in/oidc-artefacts.ts'
import { createRequestLimitsOf } from '../limits.ts'
import type { Ground } from './ground.ts'

/** Wires what keeps the service going: alerts, jobs, audit log, statistics, limits. */
export function createOperationServices(ground: Ground) {
  const { config, clock, issuer, knex, log, redis, stores, transaction, hash } = ground
  const alerts = createAlertService({ transaction, clock, log, email: config.insurer.operators.alertEmail })
  const artefacts = createOidcArtefactStore(knex)
  const counters = redis && createRedisCounters(redis)
  const limiters = {
    lasting: createLimiter(stores.rateLimits, clock),
    brief: createLimiter(counters ? createFallingBackCounters(counters, stores.rateLimits) : stores.rateLimits, clock),
  }
  return {
    alerts,
    audit: createAuditService({ auditEvents: stores.auditEvents, clock, log }),
    auditLookUps: createAuditLookUps({ stores, transaction, clock }),
    auditStream: createAuditStream({
      ...{ alerts, clock, stream: stores.auditStream },
      receiver:
        config.auditStream &&
        createAuditReceiver({ ...config.auditStream, hostname: new URL(issuer).hostname, timeout: deliveryTimeout }),
    }),
    emptyOldAuditEvents: createAuditRetention({ transaction, clock, days: config.deadlines.auditRetentionDays }),
    apiIdempotency: createApiIdempotency({ stores, clock }),
    statistics: createStatisticsService({ stores, clock }),
    deleteExpiredArtefacts: (signal?: AbortSignal) => inBatches(() => artefacts.deleteExpired(5000), 5000, signal),
    limiters,
    requestLimits: createRequestLimitsOf(config, limiters.brief, hash),
    /** Every limit begins anew (the development clock was set back). */
    async forgetLimits() {
      await Promise.all([stores.rateLimits.deleteAll(), counters?.deleteAll()])
    },
    /** The runner of jobs, for the schedule, the command line and development. */
    createRunner: (jobLog: JobLog) =>
      createJobRunner({
        runs: stores.jobRuns,
        clock,
        log: jobLog,
        alert: (job, failures) => alerts.raise(undefined, { kind: 'job_failing', detail: { job, failures } }),
      }),
  }
}

export type OperationServices = ReturnType<typeof createOperationServices>
