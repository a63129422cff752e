#!/bin/sh
# oidc-provider 9.13.3: what is null in the database is null at userinfo.
#
# Expected  OpenID Connect Core 1.0, 5.3.2: a claim that is not returned is left out; it "SHOULD NOT be present with a
#           null or empty string value". The provider, which filters claims by scope in any case, leaves out what has no
#           value.
# Does      `undefined` is left out, by JSON; null and the empty string go out as they come from `findAccount`, in ID
#           tokens and at userinfo. A row of a database has null where nothing is known, and an application that asks
#           whether there is an `email` finds one.
# Source    lib/helpers/claims.js: values are picked by name.
# Remedy    Drop null and empty strings in `claims()` of the account.
# Seen      {"sub":"max","email":null,"phone_number":""}
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  oidc-provider@9.13.3 >/dev/null
cat >demo.mjs <<'END'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Provider } from 'oidc-provider'

console.info = console.warn = () => {} // notices about a provider that is only tried out

const row = { email: null, phone_number: '', birthdate: undefined }
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const issuer = `http://127.0.0.1:${server.address().port}`
const provider = new Provider(issuer, {
  clients: [{ client_id: 'rp', client_secret: 'secret', redirect_uris: ['https://rp.example.org/cb'] }],
  claims: { profile: ['birthdate'], email: ['email'], phone: ['phone_number'] },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId, ...row }) }),
})
server.on('request', provider.callback())

// What stands in the store when a person has signed in and agreed.
const scope = 'openid profile email phone'
const grant = new provider.Grant({ accountId: 'max', clientId: 'rp' })
grant.addOIDCScope(scope)
const client = await provider.Client.find('rp')
const token = new provider.AccessToken({ accountId: 'max', client, grantId: await grant.save(), scope })
const headers = { authorization: `Bearer ${await token.save()}` }
const answer = await (await fetch(`${issuer}/me`, { headers })).text()
server.close()
server.closeAllConnections()
console.log(answer)
const same = answer === '{"sub":"max","email":null,"phone_number":""}'
console.log(same ? 'as described' : 'CHANGED: claims without a value are left out, or come otherwise')
process.exitCode = same ? 0 : 1
END
node demo.mjs
