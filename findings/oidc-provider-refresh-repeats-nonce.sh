#!/bin/sh
# oidc-provider 9.13.3: the ID token of a refresh carries the nonce of the sign-in.
#
# Expected  OpenID Connect Core 1.0, 12.2: an ID token of a refresh "SHOULD NOT have a nonce Claim, even when the ID
#           Token issued at the time of the original authentication contained nonce". A certified provider leaves it
#           out, and an application may throw the nonce away once the sign-in is done.
# Does      The nonce stands in every ID token of every refresh, for months where refresh tokens live that long. That is
#           allowed as long as it is the same, but an application that takes a nonce for the mark of a fresh sign-in,
#           and asks its list of open sign-ins for it, refuses the refresh.
# Source    lib/actions/grants/refresh_token.js: `nonce: refreshToken.nonce`.
# Remedy    The application compares the nonce at the sign-in only, as openid-client does.
# Seen      sign-in: nonce n-1; refresh: nonce n-1
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
import { decodeJwt } from 'jose'
import { Provider } from 'oidc-provider'

console.info = console.warn = () => {} // notices about a provider that is only tried out

const redirectUri = 'https://rp.example.org/cb'
const grant_types = ['authorization_code', 'refresh_token']
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const issuer = `http://127.0.0.1:${server.address().port}`
const provider = new Provider(issuer, {
  clients: [{ client_id: 'rp', client_secret: 'secret', redirect_uris: [redirectUri], grant_types }],
  pkce: { required: () => false },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
})
server.on('request', provider.callback())

// What stands in the store when a person has signed in and agreed.
const scope = 'openid offline_access'
const grant = new provider.Grant({ accountId: 'max', clientId: 'rp' })
grant.addOIDCScope(scope)
const client = await provider.Client.find('rp')
const common = { accountId: 'max', client, grantId: await grant.save(), gty: 'authorization_code' }
const code = await new provider.AuthorizationCode({ ...common, redirectUri, scope, nonce: 'n-1' }).save()

async function askToken(parameters) {
  const headers = { authorization: `Basic ${btoa('rp:secret')}` }
  const body = new URLSearchParams(parameters)
  return (await fetch(`${issuer}/token`, { method: 'POST', headers, body })).json()
}
const signIn = await askToken({ grant_type: 'authorization_code', code, redirect_uri: redirectUri })
const refresh = await askToken({ grant_type: 'refresh_token', refresh_token: signIn.refresh_token })
server.close()
server.closeAllConnections()
const [first, later] = [decodeJwt(signIn.id_token).nonce, decodeJwt(refresh.id_token).nonce]
console.log(`sign-in: nonce ${first}; refresh: nonce ${later}`)
const same = first === 'n-1' && later === 'n-1'
console.log(same ? 'as described' : 'CHANGED: the ID token of a refresh has no nonce')
process.exitCode = same ? 0 : 1
END
node demo.mjs
