#!/bin/sh
# openid-client 6.9.0 with oidc-provider 9.13.3: four kinds of valid redirect URI fail at the token endpoint.
#
# Expected  The redirect URI of the token request is the one of the authorization request, character for character, as
#           RFC 6749, 4.1.3 demands ("identical"). A redirect URI may have a query, which must be kept (3.1.2).
# Does      `authorizationCodeGrant` does not know it any more and rebuilds it from the address of the callback: the
#           whole query is taken off, and `URL` writes a slash for an empty path, drops the port of the scheme and
#           lowers the host. A provider that compares strings (RFC 3986, 6.2.1), as oidc-provider does, answers
#           `invalid_grant`, long after it took the same redirect URI.
# Source    openid-client, build/index.js: `stripParams`; oidc-provider, lib/actions/grants/authorization_code.js.
# Remedy    Register redirect URIs as `new URL(uri).href` writes them, and without a query; a `redirect_uri` among the
#           further parameters of the token request is overwritten.
# Seen      https://rp.example.org/cb             signed in
#           https://rp.example.org/cb?tenant=by   invalid_grant
#           https://rp.example.org                invalid_grant
#           https://rp.example.org:443/cb         invalid_grant
#           https://RP.example.org/cb             invalid_grant
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

const redirectUris = [
  'https://rp.example.org/cb',
  'https://rp.example.org/cb?tenant=by',
  'https://rp.example.org',
  'https://rp.example.org:443/cb',
  'https://RP.example.org/cb',
]
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const issuer = `http://127.0.0.1:${server.address().port}`
const provider = new Provider(issuer, {
  clients: [{ client_id: 'rp', client_secret: 'secret', redirect_uris: redirectUris }],
})
server.on('request', provider.callback())

/** Signs in as a browser would, on the provider's own pages for development; gives the address the browser ends at. */
async function signIn(address) {
  const jar = new Map()
  const browse = async (to, form) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const body = form && new URLSearchParams(form)
    const answer = await fetch(to, { method: form ? 'POST' : 'GET', body, headers: { cookie }, redirect: 'manual' })
    for (const set of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set)
      value ? jar.set(name, value) : jar.delete(name)
    }
    return { location: answer.headers.get('location'), page: await answer.text() }
  }
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
const seen = []
for (const redirect_uri of redirectUris) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const code_challenge = await client.calculatePKCECodeChallenge(pkceCodeVerifier)
  const asked = { redirect_uri, scope: 'openid', code_challenge, code_challenge_method: 'S256' }
  const callback = await signIn(client.buildAuthorizationUrl(config, asked))
  const outcome = await client.authorizationCodeGrant(config, callback, { pkceCodeVerifier }).then(
    () => 'signed in',
    (fault) => fault.error ?? fault.message,
  )
  console.log(`${redirect_uri.padEnd(36)}  ${outcome}`)
  seen.push(outcome)
}
server.close()
server.closeAllConnections()
const same = seen.join() === ['signed in', ...Array(4).fill('invalid_grant')].join()
console.log(same ? 'as described' : 'CHANGED: the redirect URI of the token request is made otherwise')
process.exitCode = same ? 0 : 1
END
node demo.mjs
