#!/bin/sh
# openid-client 6.9.0 with oidc-provider 9.13.3: the same Ed25519 key under two names does not meet.
#
# Expected  A service that proves itself by `private_key_jwt` with an Ed25519 key is registered with the algorithm
#           `EdDSA`, as RFC 8037 named it and both discovery document and client library list it. The signature is the
#           same octets either way.
# Does      openid-client names the algorithm by the key: always `Ed25519` (RFC 9864), whatever the provider offers, and
#           has no option for it. oidc-provider compares names: registered as `EdDSA`, in the client's metadata or in
#           the `alg` of its key, the client is refused with `invalid_client` and no word about it. Without any name, or
#           with the new one, it works.
# Source    oauth4webapi 3.8.8, build/index.js: `keyToJws`; oidc-provider, lib/shared/client_auth.js.
# Remedy    Register Ed25519 keys by the new name or leave `alg` out; or set the header with `modifyAssertion`.
# Seen      registered algorithm EdDSA              invalid_client
#           registered key with alg EdDSA           invalid_client
#           registered key with alg Ed25519         token
#           registered without a name               token
#           EdDSA, header set by modifyAssertion    token
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  openid-client@6.9.0 oauth4webapi@3.8.8 oidc-provider@9.13.3 jose@6.2.18 >/dev/null
cat >demo.mjs <<'END'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'
import * as client from 'openid-client'

console.info = console.warn = () => {} // notices about a provider that is only tried out

const { privateKey, publicKey } = await generateKeyPair('Ed25519')
const jwk = { ...(await exportJWK(publicKey)), kid: 'k' }
const service = (client_id, alg, token_endpoint_auth_signing_alg) => ({
  client_id,
  redirect_uris: [],
  response_types: [],
  grant_types: ['client_credentials'],
  token_endpoint_auth_method: 'private_key_jwt',
  ...(token_endpoint_auth_signing_alg && { token_endpoint_auth_signing_alg }),
  jwks: { keys: [alg ? { ...jwk, alg } : jwk] },
})
const byOldName = { [client.modifyAssertion]: (header) => (header.alg = 'EdDSA') }
const cases = [
  ['registered algorithm EdDSA', service('a', undefined, 'EdDSA'), {}, 'invalid_client'],
  ['registered key with alg EdDSA', service('b', 'EdDSA'), {}, 'invalid_client'],
  ['registered key with alg Ed25519', service('c', 'Ed25519'), {}, 'token'],
  ['registered without a name', service('d'), {}, 'token'],
  ['EdDSA, header set by modifyAssertion', service('e', 'EdDSA', 'EdDSA'), byOldName, 'token'],
]
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const issuer = `http://127.0.0.1:${server.address().port}`
const provider = new Provider(issuer, {
  features: { clientCredentials: { enabled: true } },
  clients: cases.map(([, metadata]) => metadata),
})
server.on('request', provider.callback())

let same = true
for (const [name, { client_id }, options, described] of cases) {
  const proof = client.PrivateKeyJwt({ key: privateKey, kid: 'k' }, options)
  const execute = [client.allowInsecureRequests]
  const config = await client.discovery(new URL(issuer), client_id, undefined, proof, { execute })
  const outcome = await client.clientCredentialsGrant(config).then(
    () => 'token',
    (fault) => fault.error ?? fault.message,
  )
  console.log(`${name.padEnd(38)}  ${outcome}`)
  same &&= outcome === described
}
server.close()
server.closeAllConnections()
console.log(same ? 'as described' : 'CHANGED: the two names of the algorithm meet otherwise')
process.exitCode = same ? 0 : 1
END
node demo.mjs
