import { hashToken } from '../../crypto/field-encryption.ts'
import type { Client } from '../../domain/clients/client.ts'
import { StartUpError } from '../../errors.ts'

/**
 * Applies DEMO_REDIRECT_URIS (`clientId=uri`, comma-separated) and DEMO_CLIENT_SECRET (contract.md). Addresses are
 * added; for third parties they replace, because their subject identifiers depend on the one host.
 * @throws StartUpError when an entry names no known client or no address.
 */
export function applyDemoOverrides(
  clients: readonly Client[],
  overrides: { redirectUris?: string; secret?: string },
): Client[] {
  const added = parseRedirects(overrides.redirectUris ?? '', clients)
  return clients.map((client) => {
    const uris = added.filter(({ clientId }) => clientId === client.clientId).map(({ uri }) => uri)
    const redirectUris = client.firstParty || uris.length === 0 ? [...client.redirectUris, ...uris] : uris
    const hasSecret = client.tokenEndpointAuthMethod.startsWith('client_secret')
    const secretHashes = hasSecret && overrides.secret ? [hashToken(overrides.secret)] : client.secretHashes
    return { ...client, redirectUris: [...new Set(redirectUris)], secretHashes }
  })
}

function parseRedirects(list: string, clients: readonly Client[]): { clientId: string; uri: string }[] {
  return list
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)
    .map((entry) => {
      const separator = entry.indexOf('=')
      const [clientId, uri] = [entry.slice(0, separator).trim(), entry.slice(separator + 1).trim()]
      if (separator < 1 || !URL.canParse(uri))
        throw new StartUpError(`DEMO_REDIRECT_URIS must be clientId=uri, comma-separated; "${entry}" is not.`)
      if (!clients.some((client) => client.clientId === clientId))
        throw new StartUpError(`DEMO_REDIRECT_URIS names ${clientId}, which is no demo client.`)
      return { clientId, uri }
    })
}
