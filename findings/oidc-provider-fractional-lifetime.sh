#!/bin/sh
# oidc-provider 9.13.3: an adapter is handed lifetimes with a fraction.
#
# Expected  `upsert(id, payload, expiresIn)` gets whole seconds, as every lifetime in the settings is: an adapter may
#           hand the number to EXPIRE of Redis or to an integer column as it is.
# Does      The id of a signed client assertion is kept until the assertion ends, and its `exp` decides. RFC 7519, 2,
#           lets a NumericDate have a fraction, and clients that divide milliseconds by 1000 send one: `expiresIn` is
#           60.5 then. Redis refuses it ("value is not an integer or out of range"), and the token endpoint answers 500,
#           to that client alone.
# Source    lib/models/replay_detection.js: `unique` saves for `exp - epochTime()`.
# Remedy    `Math.ceil(expiresIn)` in the adapter.
# Seen      exp with a whole number: token, kept whole seconds: true
#           exp with a fraction:     token, kept whole seconds: false
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  oidc-provider@9.13.3 jose@6.2.18 >/dev/null
cat >demo.mjs <<'END'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { Provider } from 'oidc-provider'

console.info = console.warn = () => {} // notices about a provider that is only tried out

const { privateKey, publicKey } = await generateKeyPair('ES256')
const stored = new Map()
const lifetimes = []
class Adapter {
  constructor(model) {
    this.model = model
  }
  async find(id) {
    return stored.get(this.model + id)
  }
  async upsert(id, payload, expiresIn) {
    stored.set(this.model + id, payload)
    if (this.model === 'ReplayDetection') lifetimes.push(expiresIn)
  }
}
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const issuer = `http://127.0.0.1:${server.address().port}`
const provider = new Provider(issuer, {
  adapter: Adapter,
  features: { clientCredentials: { enabled: true } },
  clients: [
    {
      client_id: 'service',
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [await exportJWK(publicKey)] },
    },
  ],
})
server.on('request', provider.callback())

const now = Math.floor(Date.now() / 1000)
const seen = []
for (const [name, exp] of [['a whole number:', now + 60], ['a fraction:    ', now + 60.5]]) {
  const client_assertion = await new SignJWT({ iss: 'service', sub: 'service', aud: issuer, jti: name, iat: now, exp })
    .setProtectedHeader({ alg: 'ES256' })
    .sign(privateKey)
  const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_assertion_type, client_assertion })
  const answer = await (await fetch(`${issuer}/token`, { method: 'POST', body })).json()
  const outcome = answer.access_token ? 'token' : answer.error
  const isWhole = Number.isInteger(lifetimes.at(-1))
  console.log(`exp with ${name} ${outcome}, kept whole seconds: ${isWhole}`)
  seen.push(outcome, isWhole)
}
server.close()
server.closeAllConnections()
const same = seen.join() === 'token,true,token,false'
console.log(same ? 'as described' : 'CHANGED: lifetimes are rounded, or come otherwise')
process.exitCode = same ? 0 : 1
END
node demo.mjs
