import type { ConsoleDeps } from '../../admin/console.ts'
import type { Config } from '../../config.ts'
import type { CookieJar } from '../../http/cookies.ts'
import type { Services } from '../services.ts'

type Settings = { config: Config; issuer: string; services: Services; cookies: CookieJar; now(): Date }

/** Gathers what the rooms of the console work with. */
export function consoleDepsOf({ config, issuer, services, cookies, now }: Settings): ConsoleDeps {
  const { staff, clients, keys, letters, operation, helpDesk, stores } = services
  return {
    ...{ cookies, issuer, now, staff, helpDesk },
    clients: { clients, issuer, now },
    issuerName: config.insurer.shortName,
    letters: {
      get printRuns() {
        return letters.printRuns
      },
      ...{ canaryLetters: letters.canaryLetters, returnedMail: letters.returnedMail, now },
    },
    audit: operation.auditLookUps,
    statistics: operation.statistics,
    keys: { ...keys, progress: stores.keyRewrites.progress },
  }
}
