import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Config } from '../config.ts'
import { hashToken } from '../gateways/field-encryption.ts'

export function loadRegistry(config: Config, demoPort: number | undefined) {
  const path = join(config.configDir, config.production ? 'clients.yaml' : 'demo/clients.yaml')
  const y = parse(readFileSync(path, 'utf8').replaceAll('{demo_origin}', `http://localhost:${demoPort}`))
  return {
    defaultClient: y.default_client as string,
    clients: y.clients.map((c: any) => ({
      clientId: c.client_id,
      name: c.name,
      kind: c.kind,
      firstParty: c.first_party,
      reviewed: c.reviewed,
      redirectUris: c.redirect_uris ?? [],
      postLogoutRedirectUris: c.post_logout_redirect_uris ?? [],
      initiateLoginUri: c.initiate_login_uri,
      clientUri: c.client_uri,
      backchannelLogoutUri: c.backchannel_logout_uri,
      scopes: c.scopes ?? [],
      secretHashes: c.client_secret ? [hashToken(config.demo?.clientSecret ?? '')] : [],
      tokenEndpointAuthMethod: c.client_secret ? 'client_secret_basic' : 'none',
      idTokenSignedResponseAlg: 'ES256',
    })),
  }
}
