import type { Clock } from '../../gateways/clock.ts'
import type { Random } from '../../gateways/random.ts'
import { createClientService } from '../../services/clients/clients.ts'
import type { CheckClient } from '../../services/clients/files.ts'
import type { Stores } from '../../stores/index.ts'
import type { Transaction } from '../../stores/transaction.ts'

type Settings = { stores: Stores; transaction: Transaction; clock: Clock; random: Random }

/** Wires what is done with applications and services. */
export function createClientServices(settings: Settings) {
  let check: Promise<CheckClient> | undefined
  // oidc-provider is loaded for who changes a client, and for nobody else of the command line.
  const loadCheck = async () => (await import('../../oidc/clients/check.ts')).createClientCheck()
  return createClientService({
    ...settings,
    ticks: () => performance.now(),
    loadCheck() {
      check ??= loadCheck()
      return check
    },
  })
}
