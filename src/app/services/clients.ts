import { createClientService } from '../../services/clients/clients.ts'
import { createClientSecretService } from '../../services/clients/secrets.ts'
import { once } from '../once.ts'
import type { Ground } from './ground.ts'

/** Loads what says whether oidc-provider takes a client; for who changes or checks one, and for nobody else of the command line. */
export const loadClientCheck = once(async () => (await import('../../oidc/clients/check.ts')).createClientCheck())

/** Wires what is done with applications and services. */
export function createClientServices({
  stores,
  transaction,
  clock,
  random,
  log,
}: Pick<Ground, 'stores' | 'transaction' | 'clock' | 'random' | 'log'>) {
  const ticks = () => performance.now()
  return {
    ...createClientService({ stores, transaction, clock, ticks, loadCheck: loadClientCheck }),
    secrets: createClientSecretService({ stores, transaction, clock, random, ticks, log }),
  }
}
