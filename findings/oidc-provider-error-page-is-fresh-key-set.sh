#!/bin/sh
# oidc-provider 9.13.3: an error page of a client's `jwks_uri` counts as a key set for as long as it may be cached.
#
# Expected  A key set that could not be fetched is fetched again at the next request, or after a short pause: the
#           client's server was being restarted for a second and answered 503.
# Does      How long the answer is fresh is worked out before its status is looked at: 60 seconds at least, or the
#           `max-age` of the error page, which gateways in front of static files like to add. So long nothing is
#           fetched, the set is empty, and every token request of the client is `invalid_client`. (A body that is no
#           JSON fails earlier and is not kept.)
# Source    lib/models/client.js: `refresh()` sets `freshUntil`, then compares the status with 200.
# Remedy    The setting `fetch`: throw there when the status is not 200.
# Seen      first request   invalid_client, fetched 1 time
#           second request  invalid_client, fetched 1 time
#           with a `fetch` that throws at 503:
#           first request   invalid_client, fetched 1 time
#           second request  token, fetched 2 times
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
const keys = [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }]

/** Two token requests of a service whose key set cannot be had the first time. */
async function twoRequests(checkStatus) {
  let fetched = 0
  const answerKeySet = async () => {
    fetched += 1
    if (fetched > 1) return Response.json({ keys })
    const headers = { 'cache-control': 'public, max-age=3600' }
    const answer = Response.json({ message: 'service unavailable' }, { status: 503, headers })
    if (checkStatus && !answer.ok) throw new Error(`status ${answer.status}`)
    return answer
  }
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(issuer, {
    features: { clientCredentials: { enabled: true } },
    fetch: answerKeySet,
    clients: [
      {
        client_id: 'service',
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        jwks_uri: 'https://service.example.org/jwks.json',
      },
    ],
  })
  server.on('request', provider.callback())
  const seen = []
  for (const [at, name] of ['first', 'second'].entries()) {
    const client_assertion = await new SignJWT({ jti: String(at) })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuer('service')
      .setSubject('service')
      .setAudience(issuer)
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(privateKey)
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    const body = new URLSearchParams({ grant_type: 'client_credentials', client_assertion_type, client_assertion })
    const answer = await (await fetch(`${issuer}/token`, { method: 'POST', body })).json()
    const outcome = answer.access_token ? 'token' : answer.error
    console.log(`${name} request`.padEnd(14), ` ${outcome}, fetched ${fetched} time${fetched === 1 ? '' : 's'}`)
    seen.push(outcome, fetched)
  }
  server.close()
  server.closeAllConnections()
  return seen.join()
}

const asItComes = await twoRequests(false)
console.log('with a `fetch` that throws at 503:')
const remedied = await twoRequests(true)
const same = asItComes === 'invalid_client,1,invalid_client,1' && remedied === 'invalid_client,1,token,2'
console.log(same ? 'as described' : 'CHANGED: a failed answer is not kept, or kept otherwise')
process.exitCode = same ? 0 : 1
END
node demo.mjs
