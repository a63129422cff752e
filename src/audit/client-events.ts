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
    clientSuspended: event<OfClient>(append, 'client_suspended', 'cli', ['clientId']),
    /** A suspended client is let in again. */
    clientResumed: event<OfClient>(append, 'client_resumed', 'cli', ['clientId']),
    /** A further secret of a client was made; the one before stays valid. */
    clientSecretAdded: event<OfClient>(append, 'client_secret_added', 'cli', ['clientId']),
    /** The older secret of a client is not valid any more. */
    clientSecretEnded: event<OfClient>(append, 'client_secret_ended', 'cli', ['clientId']),
    /** A file of applications was applied: the default application, and what services may be given. */
    clientFileApplied: event<Common & { file: string; defaultClient: string | null; scopes: readonly string[] }>(
      append,
      'client_file_applied',
      'system',
      ['file', 'defaultClient', 'scopes'],
    ),
  }
}
