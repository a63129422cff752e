#!/bin/sh
# oidc-provider 9.13.3: revoking one access token ends every token of the same browser and application.
#
# Expected  Revoking an access token ends that token, perhaps the refresh token that came with it (RFC 7009, 2.1). A
#           second sign-in of the same person in another tab was a code of its own and lives on. The default of the
#           setting `revokeGrantPolicy` keeps the grant when an access token is revoked, which says the same.
# Does      All sign-ins of one session at one application share one grant, and the revocation endpoint ends whatever
#           hangs on it: access and refresh tokens of both tabs. `revokeGrantPolicy` decides only about the record of
#           the grant itself.
# Source    lib/helpers/revoke.js: `revokeByGrantId` runs before and apart from the policy.
# Remedy    An application that is open twice must not revoke what one tab held; or give each sign-in a grant of its own
#           (setting `loadExistingGrant`).
# Seen      before      first tab: access true, refresh true; second tab: access true, refresh true
#           afterwards  first tab: access false, refresh false; second tab: access false, refresh false
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --loglevel=error --no-audit --no-fund --ignore-scripts \
  openid-client@6.9.0 oidc-provider@9.13.3 >/dev/null
cat >demo.mjs <<'END'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Provider } from 'oidc-provider'
import * as client from 'openid-client'

console.info = console.warn = () => {} // notices about a provider that is only tried out

const redirect_uri = 'https://rp.example.org/cb'
const grant_types = ['authorization_code', 'refresh_token']
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const issuer = `http://127.0.0.1:${server.address().port}`
const provider = new Provider(issuer, {
  clients: [{ client_id: 'rp', client_secret: 'secret', redirect_uris: [redirect_uri], grant_types }],
  features: { revocation: { enabled: true }, introspection: { enabled: true } },
})
server.on('request', provider.callback())

/** One browser: signs in on the provider's own pages for development; gives the address it ends at. */
const jar = new Map()
async function browse(to, form) {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const body = form && new URLSearchParams(form)
  const answer = await fetch(to, { method: form ? 'POST' : 'GET', body, headers: { cookie }, redirect: 'manual' })
  for (const set of answer.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(set)
    value ? jar.set(name, value) : jar.delete(name)
  }
  return { location: answer.headers.get('location'), page: await answer.text() }
}
async function signIn(address) {
  let at = await browse(address)
  for (;;) {
    const next = at.location && new URL(at.location, issuer)
    if (next && next.origin !== issuer) return next
    const [, prompt] = /name="prompt" value="(\w+)"/.exec(at.page) ?? []
    at = next ? await browse(next) : await browse(/action="([^"]+)"/.exec(at.page)[1], { prompt, login: 'max' })
  }
}

const config = await client.discovery(new URL(issuer), 'rp', 'secret', undefined, {
  execute: [client.allowInsecureRequests],
})
async function openTab() {
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const code_challenge = await client.calculatePKCECodeChallenge(pkceCodeVerifier)
  const scope = 'openid offline_access'
  const asked = { redirect_uri, scope, prompt: 'consent', code_challenge, code_challenge_method: 'S256' }
  const callback = await signIn(client.buildAuthorizationUrl(config, asked))
  return client.authorizationCodeGrant(config, callback, { pkceCodeVerifier })
}
const isActive = async (token) => (await client.tokenIntrospection(config, token)).active
const state = async ({ access_token, refresh_token }) =>
  `access ${await isActive(access_token)}, refresh ${await isActive(refresh_token)}`

const [first, second] = [await openTab(), await openTab()]
const before = `first tab: ${await state(first)}; second tab: ${await state(second)}`
await client.tokenRevocation(config, first.access_token)
const afterwards = `first tab: ${await state(first)}; second tab: ${await state(second)}`
server.close()
server.closeAllConnections()
console.log(`before      ${before}\nafterwards  ${afterwards}`)
const same = !before.includes('false') && !afterwards.includes('true')
console.log(same ? 'as described' : 'CHANGED: the second tab keeps something')
process.exitCode = same ? 0 : 1
END
node demo.mjs
