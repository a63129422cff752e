import { createClientService } from '../../services/clients/clients.ts'
import { once } from '../once.ts'
import type { Ground } from './ground.ts'

/** Wires what is done with applications and services. */
export function createClientServices({
  stores,
  transaction,
  clock,
  random,
}: Pick<Ground, 'stores' | 'transaction' | 'clock' | 'random'>) {
  return createClientService({
    ...{ stores, transaction, clock, random },
    ticks: () => performance.now(),
    // oidc-provider is loaded for who changes a client, and for nobody else of the command line.
    loadCheck: once(async () => (await import('../../oidc/clients/check.ts')).createClientCheck()),
  })
}
