import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { createSystemClock } from '../gateways/clock.ts'
import { idTokenAlgorithms } from '../oidc/settings/algorithms.ts'
import { type Algorithm, createSigningKey } from '../oidc/signing-keys.ts'
import type { AlertService } from '../services/alerts.ts'
import { createKeyRewriteService } from '../services/key-rewrites.ts'
import { createKeyRingService } from '../services/key-rings.ts'
import { createSigningKeyService } from '../services/signing-keys.ts'
import type { Stores } from '../stores/index.ts'
import type { Transaction } from '../stores/transaction.ts'

type Settings = { config: Config; stores: Stores; transaction: Transaction; alerts: AlertService; log: Logger }

/** Wires key rings, the rewriting of rows and signing keys. They go by the clock of the machine, never by a moved one. */
export function createKeyServices({ config, stores, transaction, alerts, log }: Settings) {
  const clock = createSystemClock()
  const rings = {
    cookie: config.secrets.cookieKeys,
    encryption: config.secrets.encryptionKeys,
    hash: config.secrets.hashKeys,
  }
  return {
    keyRings: createKeyRingService({
      stores,
      clock,
      rings,
      artefactsInRedis: config.redis.url !== undefined,
      holder: { id: randomUUID(), process: `${hostname()}:${process.pid}` },
    }),
    keyRewrites: createKeyRewriteService({ stores, transaction, clock, rings, alerts, log }),
    signingKeys: createSigningKeyService({
      stores,
      transaction,
      clock,
      rules: config.keys.signing,
      algorithms: idTokenAlgorithms,
      createKey: (alg) => createSigningKey(alg as Algorithm),
    }),
  }
}
