#!/bin/sh
# oidc-provider 9.13.3: `auth_time` is when the person agreed, not when she signed in.
#
# Expected  `auth_time` is the "time when the End-User authentication occurred" (OpenID Connect Core 1.0, section 2):
#           the moment the password was taken. How long the person then reads the consent page changes nothing.
# Does      The result of the sign-in is kept and handed in once more with the consent (`mergeWithLastSubmission`, on by
#           default). Each time the request is taken up again with it, the session is signed in anew, now: `auth_time`
#           moves to the consent, and an application that counts `max_age` from it counts too late.
# Source    lib/provider.js: `interactionResult`; lib/actions/authorization/resume.js: `ts: loginTs`, absent means now.
# Remedy    Name the moment in the result: `{ login: { accountId, ts: <seconds> } }`.
# Seen      auth_time is 3 s after the sign-in, 0 s after the consent
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
import { setTimeout as pause } from 'node:timers/promises'
import { decodeJwt } from 'jose'
import { Provider } from 'oidc-provider'

console.info = console.warn = () => {} // notices about a provider that is only tried out

const redirect_uri = 'https://rp.example.org/cb'
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const issuer = `http://127.0.0.1:${server.address().port}`
const provider = new Provider(issuer, {
  clients: [{ client_id: 'rp', client_secret: 'secret', redirect_uris: [redirect_uri], require_auth_time: true }],
  pkce: { required: () => false },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
})
const answerOidc = provider.callback()

// The smallest pages there are: one click signs in, one agrees.
const moments = {}
server.on('request', async (req, res) => {
  if (!req.url.startsWith('/interaction/')) return answerOidc(req, res)
  const { prompt, params, session } = await provider.interactionDetails(req, res)
  if (prompt.name === 'consent') await pause(3000)
  moments[prompt.name] = Math.floor(Date.now() / 1000)
  if (prompt.name === 'login') return provider.interactionFinished(req, res, { login: { accountId: 'max' } })
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
  grant.addOIDCScope('openid')
  await provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } })
})

const asked = { client_id: 'rp', response_type: 'code', scope: 'openid', redirect_uri }
const jar = new Map()
let at = new URL(`${issuer}/auth?${new URLSearchParams(asked)}`)
while (at.origin === issuer) {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const answer = await fetch(at, { headers: { cookie }, redirect: 'manual' })
  for (const set of answer.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(set)
    value ? jar.set(name, value) : jar.delete(name)
  }
  at = new URL(answer.headers.get('location'), issuer)
}
const answer = await fetch(`${issuer}/token`, {
  method: 'POST',
  headers: { authorization: `Basic ${btoa('rp:secret')}` },
  body: new URLSearchParams({ grant_type: 'authorization_code', code: at.searchParams.get('code'), redirect_uri }),
})
const { auth_time } = decodeJwt((await answer.json()).id_token)
server.close()
server.closeAllConnections()
const [afterSignIn, afterConsent] = [auth_time - moments.login, auth_time - moments.consent]
console.log(`auth_time is ${afterSignIn} s after the sign-in, ${afterConsent} s after the consent`)
const same = afterSignIn >= 3 && afterConsent <= 1
console.log(same ? 'as described' : 'CHANGED: auth_time is the moment of the sign-in')
process.exitCode = same ? 0 : 1
END
node demo.mjs
