import { type AppendAuditEvent, type Common, event } from './event.ts'

type OfClient = Common & { clientId: string }

/** Applications and services: who registered, changed, suspended and resumed them. */
export function clientEvents(append: AppendAuditEvent) {
  return {
    /** A client was registered; `managedBy` names the file that it stands in, or is null. */
    clientRegistered: event<OfClient & { managedBy: string | null }>(append, 'client_registered', 'cli', [
      'clientId',
      'managedBy',
    ]),
    /** A client was changed; `fields` names what, without the values. */
    clientChanged: event<OfClient & { fields: readonly string[] }>(append, 'client_changed', 'cli', [
      'clientId',
      'fields',
    ]),
    /** The entry of a client is gone from its file: it is let in no more. */
    clientGone: event<OfClient>(append, 'client_gone', 'system', ['clientId']),
    /** The entry of a client is in its file again. */
    clientBack: event<OfClient>(append, 'client_back', 'system', ['clientId']),
    /** A client is let in no more, because an operator said so. */
    clientSuspended: event<OfClient & { reason: string }>(append, 'client_suspended', 'cli', ['clientId', 'reason']),
    /** A suspended client is let in again. */
    clientLifted: event<OfClient>(append, 'client_lifted', 'cli', ['clientId']),
    /** Two of the staff removed a client; its secrets have ended with it. */
    clientRemoved: event<OfClient>(append, 'client_removed', 'cli', ['clientId']),
    /** A client that staff looked after is managed by a file from now on. */
    clientTakenOver: event<OfClient & { managedBy: string }>(append, 'client_taken_over', 'cli', [
      'clientId',
      'managedBy',
    ]),
    /** The entry of a client moved from one file to another, which manages it from now on. */
    clientMoved: event<OfClient & { from: string; managedBy: string }>(append, 'client_moved', 'cli', [
      'clientId',
      'from',
      'managedBy',
    ]),
    /** A further secret of a client was made; the one before stays valid. */
    clientSecretAdded: event<OfClient & { secretId: string; expiresAt: string | null }>(
      append,
      'client_secret_added',
      'cli',
      ['clientId', 'secretId', 'expiresAt'],
    ),
    /** A secret of a client is not valid any more. */
    clientSecretEnded: event<OfClient & { secretId: string }>(append, 'client_secret_ended', 'cli', [
      'clientId',
      'secretId',
    ]),
    /** A file of applications was applied: the default application, and what services may be given. */
    clientFileApplied: event<Common & { file: string; defaultClient: string | null; scopes: readonly string[] }>(
      append,
      'client_file_applied',
      'system',
      ['file', 'defaultClient', 'scopes'],
    ),
  }
}
