import type { EventEmitter } from 'node:events'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Logger } from 'pino'
import type { Clock } from '../../gateways/clock.ts'
import type { Transaction } from '../../stores/transaction.ts'
import type { BackchannelLogout, ProviderDeps } from '../provider-deps.ts'

type Settings = { transaction: Transaction; clock: Clock; log: Logger }

/** Milliseconds for which a logout token is sent: it lives 120 seconds, and the application has to read it. */
const tokenUse = 110_000

/** Creates what follows a sign-out: it stands in the audit log, and the other applications are told through the outbox. */
export function createAfterSignOut({
  transaction,
  clock,
  log,
}: Settings): Pick<ProviderDeps, 'signedOut' | 'queueBackchannelLogout'> {
  return {
    signedOut(event) {
      transaction((unit) => unit.audit.signedOut({ at: clock.now(), ...event })).catch((err) =>
        log.error({ err }, 'sign-out not recorded'),
      )
    },
    async queueBackchannelLogout(payload: BackchannelLogout) {
      const at = clock.now()
      const expiresAt = new Date(at.getTime() + tokenUse)
      await transaction((unit) => unit.send({ kind: 'backchannel_logout', payload, expiresAt }, at))
    },
  }
}

/** A switch of accounts, which oidc-provider does by itself, ends a session, too. */
export function noteSwitchedAccounts(provider: EventEmitter, signedOut: ProviderDeps['signedOut']): void {
  provider.on('end_session.success', (ctx: KoaContextWithOIDC) => {
    const accountId = ctx.oidc.session?.accountId
    if (accountId) signedOut({ accountId, clientId: ctx.oidc.client?.clientId })
  })
}
