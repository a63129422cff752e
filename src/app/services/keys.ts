import { randomUUID } from 'node:crypto'
import { createSystemClock } from '../../gateways/clock.ts'
import { idTokenAlgorithms } from '../../oidc/settings/algorithms.ts'
import { type Algorithm, createSigningKey } from '../../oidc/signing-keys.ts'
import { createKeyRewriteService } from '../../services/keys/key-rewrites.ts'
import { createKeyRingService } from '../../services/keys/key-rings.ts'
import { createKeyRotationService } from '../../services/keys/key-rotation.ts'
import { createSigningKeyService } from '../../services/keys/signing-keys.ts'
import type { Ground } from './ground.ts'
import type { OperationServices } from './operation.ts'

/** Wires key rings, their rotation, the rewriting of rows and signing keys. They go by the clock of the machine, never by a moved one. */
export function createKeyServices(
  { config, processName, stores, transaction, log }: Ground,
  { alerts }: OperationServices,
) {
  const clock = createSystemClock()
  const rings = {
    cookie: config.secrets.cookieKeys,
    encryption: config.secrets.encryptionKeys,
    hash: config.secrets.hashKeys,
  }
  const keyRings = createKeyRingService({
    stores,
    clock,
    rings,
    artefactsInRedis: config.redis.url !== undefined,
    holder: { id: randomUUID(), process: processName },
  })
  return {
    keyRings,
    keyRotation: createKeyRotationService({ keyRings, keyUsage: stores.keyUsage, transaction, clock, rings }),
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

export type KeyServices = ReturnType<typeof createKeyServices>
