#!/bin/sh
# oidc-provider 9.13.3: who answers "no" to the question of signing out loses the consent for that application.
#
# Expected  The page asks "do you want to sign out?", and "no" leaves all as it was: the person is signed in, and the
#           application that asked may sign her in without a word, as a minute ago.
# Does      "No" keeps the session, but ends the part of the application that sent the person: its grant and every token
#           of it are revoked. The next `prompt=none` is refused with `consent_required`, though nobody has withdrawn a
#           consent; other applications go on. (RP-Initiated Logout 1.0, section 2, asks only whether to sign out of the
#           provider "as well"; the word on the built-in button is "No, stay signed in".)
# Source    lib/actions/end_session.js: the client of the request is treated alike with and without `logout`.
# Remedy    Say so on the page; or let the application ask again with its consent page.
# Seen      before     first application: code; second application: code
#           after "no" first application: consent_required; second application: code
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

const redirect_uri = 'https://rp.example.org/cb'
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const issuer = `http://127.0.0.1:${server.address().port}`
const provider = new Provider(issuer, {
  clients: ['first', 'second'].map((client_id) => ({
    client_id,
    client_secret: 'secret',
    redirect_uris: [redirect_uri],
  })),
  pkce: { required: () => false },
})
server.on('request', provider.callback())

/** One browser, on the provider's own pages for development. */
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
const asked = { response_type: 'code', scope: 'openid', redirect_uri }
async function visit(parameters) {
  let at = await browse(`${issuer}/auth?${new URLSearchParams({ ...asked, ...parameters })}`)
  for (;;) {
    const next = at.location && new URL(at.location, issuer)
    if (next && next.origin !== issuer) return next.searchParams.get('error') ?? 'code'
    const [, prompt] = /name="prompt" value="(\w+)"/.exec(at.page) ?? []
    at = next ? await browse(next) : await browse(/action="([^"]+)"/.exec(at.page)[1], { prompt, login: 'max' })
  }
}
async function silently() {
  const first = await visit({ client_id: 'first', prompt: 'none' })
  const second = await visit({ client_id: 'second', prompt: 'none' })
  return `first application: ${first}; second application: ${second}`
}

await visit({ client_id: 'first' })
await visit({ client_id: 'second' })
const before = await silently()
const { page } = await browse(`${issuer}/session/end?client_id=first`)
await browse(`${issuer}/session/end/confirm`, { xsrf: /name="xsrf" value="([^"]+)"/.exec(page)[1] })
const afterwards = await silently()
server.close()
server.closeAllConnections()
console.log(`before     ${before}\nafter "no" ${afterwards}`)
const same =
  before === 'first application: code; second application: code' &&
  afterwards === 'first application: consent_required; second application: code'
console.log(same ? 'as described' : 'CHANGED: "no" leaves the application alone, or ends more')
process.exitCode = same ? 0 : 1
END
node demo.mjs
