import type { Logger } from 'pino'
import type { ApiSettings } from '../../api/api.ts'
import { apiOperations } from '../../api/operations.ts'
import type { Config } from '../../config.ts'
import type { Services } from '../services.ts'

type Settings = Pick<ApiSettings, 'verify' | 'now'> & {
  config: Config
  issuer: string
  services: Services
  log: Logger
}

/** Requests of a service in a minute. */
const perMinute = 600

/** Gathers what the HTTP API works with. */
export function apiSettingsOf({ config, issuer, services, log, ...settings }: Settings): ApiSettings {
  const { clients, helpDesk, keys, letters, operation, staff, transaction } = services
  const { now } = settings
  const { returnedMail, canaryLetters } = letters
  const limit = operation.limiters.brief({ name: 'api_client', count: perMinute, window: 60 })
  return {
    ...settings,
    operations: apiOperations({
      clients: { clients, secrets: clients.secrets, approvals: staff.approvals },
      members: { helpDesk, approvals: staff.approvals, now },
      letters: {
        ...{ returnedMail, canaryLetters, now },
        reprint: (letterId, actor) =>
          transaction((unit) => letters.letters.reprint(unit, letterId, { actor, now: now() })),
        get printRuns() {
          return letters.printRuns
        },
      },
      audit: operation.auditLookUps,
      readings: {
        staff: staff.staff,
        approvals: staff.approvals,
        signingKeys: keys.signingKeys,
      },
      issuer,
    }),
    limit: (clientId) => limit.use(clientId),
    idempotency: operation.apiIdempotency,
    bodyBytes: config.limits.bodyBytes,
    log,
  }
}
