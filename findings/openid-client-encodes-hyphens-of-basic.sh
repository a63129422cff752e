#!/bin/sh
# openid-client 6.9.0: hyphen, dot and underscore of client id and secret are percent-encoded for Basic.
#
# Expected  RFC 6749, 2.3.1 has both encoded as `application/x-www-form-urlencoded`, in which `-`, `.`, `_` and `*` stay
#           what they are (WHATWG URL, 5.2; `URLSearchParams` writes it so). A secret in base64url and an id like
#           `meine-app` therefore look the same encoded or not, and a provider that forgets to decode gets them right.
# Does      All of them are encoded, `%2D` for each hyphen. Decoded it is the same, but a provider that does not decode,
#           of which there are many, knows neither `meine%2Dapp` nor the secret. The same client works with libraries
#           that do not encode.
# Source    oauth4webapi 3.8.8, build/index.js: `formUrlEncode`.
# Remedy    Ids and secrets of letters and digits alone; or `client_secret_post`.
# Seen      openid-client    meine%2Dapp:abc%2Ddef%5Fghi%2Ejkl
#           URLSearchParams  meine-app:abc-def_ghi.jkl
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  openid-client@6.9.0 oauth4webapi@3.8.8 >/dev/null
cat >demo.mjs <<'END'
import * as client from 'openid-client'

const [id, secret] = ['meine-app', 'abc-def_ghi.jkl']
const provider = { issuer: 'https://op.example.org', token_endpoint: 'https://op.example.org/token' }
const config = new client.Configuration(provider, id, undefined, client.ClientSecretBasic(secret))
let sent
config[client.customFetch] = async (_, { headers }) => {
  sent = atob(new Headers(headers).get('authorization').replace('Basic ', ''))
  return Response.json({ access_token: 'a', token_type: 'bearer' })
}
await client.clientCredentialsGrant(config)

const encode = (value) => new URLSearchParams({ '': value }).toString().slice(1)
const usual = `${encode(id)}:${encode(secret)}`
console.log(`openid-client    ${sent}\nURLSearchParams  ${usual}`)
const same = sent === 'meine%2Dapp:abc%2Ddef%5Fghi%2Ejkl' && usual === 'meine-app:abc-def_ghi.jkl'
console.log(same ? 'as described' : 'CHANGED: client id and secret are encoded otherwise')
process.exitCode = same ? 0 : 1
END
node demo.mjs
