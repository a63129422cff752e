import { Counter, Histogram, type Registry } from 'prom-client'
import type { AuditEvent } from '../audit/chain.ts'
import { auditTypes } from '../audit/events.ts'
import { type RelayFault, relayFaults } from '../gateways/email/email-relay-faults.ts'
import type { AwayCause } from '../gateways/sms/smpp/smpp-session.ts'
import type { StepObserver } from '../journeys/journey.ts'
import { deliveryOutcomes } from '../services/messages/delivery-ends.ts'
import type { ReceiptOutcome } from '../services/messages/sms-receipts.ts'
import { alertKinds } from '../services/operation/alerts.ts'
import type { MessageKind } from '../stores/messages/messages.ts'

export type Counts = ReturnType<typeof createCounts>

/**
 * Creates what this process counts: requests, steps of journeys, audit events, deliveries. Labels hold words of the code
 * only, never what a stranger or a member sent (security.md, "Never"). What an alert rule looks at begins at zero: the first
 * event after a start is an increase too.
 */
export function createCounts(registry: Registry) {
  const registers = [registry]
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer a request, by method, route and status',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  const steps = new Counter({
    name: 'journey_steps_total',
    help: 'Forms of registration and sign-in that were answered, by outcome: of the table in journeys.md, stay, invalid, paused, overtaken',
    labelNames: ['journey', 'step', 'outcome'],
    registers,
  })
  const events = new Counter({
    name: 'audit_events_total',
    help: 'Events of the audit log that this process committed, by type: the funnel from registration to sign-in',
    labelNames: ['type'],
    registers,
  })
  for (const type of Object.values(auditTypes).flat()) events.inc({ type }, 0)
  const alerts = new Counter({
    name: 'operator_alerts_total',
    help: 'Alerts raised to operators, by kind',
    labelNames: ['kind'],
    registers,
  })
  for (const kind of alertKinds) alerts.inc({ kind }, 0)
  const submissions = new Counter({
    name: 'sms_submissions_total',
    help: 'SMS handed to a gateway, by its answer',
    labelNames: ['gateway', 'outcome'],
    registers,
  })
  const receipts = new Counter({
    name: 'sms_receipts_total',
    help: 'What SMS gateways delivered: receipts matched, early (their SMS is not known yet), unmatched for a day, nothing told; messages of people',
    labelNames: ['gateway', 'outcome'],
    registers,
  })
  const sessions = new Counter({
    name: 'smpp_session_away_total',
    help: 'Sessions over SMPP lost, or not bound, by cause: lost, connection, timeout, bind, credentials',
    labelNames: ['gateway', 'cause'],
    registers,
  })
  const deliveries = createDeliveryCounts(registers)
  const observeStep: StepObserver = (journey, step, outcome) => steps.inc({ journey, step, outcome })
  return {
    ...deliveries,
    observeStep,
    request: (labels: { method: string; route: string; status: number }, seconds: number) =>
      requests.observe(labels, seconds),
    recorded({ type, data }: Pick<AuditEvent, 'type' | 'data'>): void {
      events.inc({ type })
      if (type === 'operators_alerted') alerts.inc({ kind: String(data.kind) })
    },
    smsSubmitted: (gateway: string, outcome: string) => submissions.inc({ gateway, outcome }),
    smsReceipt: (gateway: string, outcome: ReceiptOutcome) => receipts.inc({ gateway, outcome }),
    smppSessionAway: (gateway: string, cause: AwayCause) => sessions.inc({ gateway, cause }),
  }
}

/** A message whose delivery ended, or whose try failed. */
export type ObservedDelivery = { kind: string; attempts?: number; createdAt?: Date }

function createDeliveryCounts(registers: Registry[]) {
  const outcomes = new Counter({
    name: 'deliveries_total',
    help: 'Tries to send a message, by kind and end: delivered, failed (tried again), expired, gave_up, refused, bounced',
    labelNames: ['kind', 'outcome'],
    registers,
  })
  for (const kind of ['email', 'sms', 'backchannel_logout'] satisfies MessageKind[])
    for (const outcome of deliveryOutcomes) outcomes.inc({ kind, outcome }, 0)
  const seconds = new Histogram({
    name: 'delivery_seconds',
    help: 'Time from writing a message into the outbox to its delivery',
    labelNames: ['kind'],
    buckets: [0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200],
    registers,
  })
  const relay = new Counter({
    name: 'mail_relay_failures_total',
    help: 'Tries that our own mail relay did not take, by what was wrong: away, silent, cut, certificate, tls, credentials, refuses, defers, aborted',
    labelNames: ['fault'],
    registers,
  })
  for (const fault of relayFaults) relay.inc({ fault }, 0)
  const attempts = new Histogram({
    name: 'delivery_attempts',
    help: 'Tries that a delivered message took',
    labelNames: ['kind'],
    buckets: [1, 2, 3, 5, 8, 13],
    registers,
  })
  return {
    mailRelayFailed: (fault: RelayFault) => relay.inc({ fault }),
    delivery(message: ObservedDelivery, outcome: string, now: Date): void {
      const { kind } = message
      outcomes.inc({ kind, outcome })
      if (outcome !== 'delivered') return
      if (message.createdAt)
        seconds.observe({ kind }, Math.max(0, (now.getTime() - message.createdAt.getTime()) / 1000))
      if (message.attempts) attempts.observe({ kind }, message.attempts)
    },
  }
}
