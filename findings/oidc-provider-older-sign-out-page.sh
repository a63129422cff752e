#!/bin/sh
# oidc-provider 9.13.3: of two open pages that ask "sign out?", the older one is an error.
#
# Expected  Somebody presses "sign out" in two applications, or twice in one, and has two pages that ask. Either answers
#           for the same session; whichever button is pressed first signs out, and the guard against forged requests
#           holds for both.
# Does      Each visit of the end-session address writes a new secret into the session, where there is room for one. The
#           older page then answers 400 "xsrf token invalid", and the person is still signed in. Back button and
#           restored tabs are the same case.
# Source    lib/actions/end_session.js: `init` sets `ctx.oidc.session.state`, `confirm` compares with it.
# Remedy    When the secret is not the session's, send the person to the end-session address once more instead of the
#           error page.
# Seen      older page  400, signed in afterwards: true
#           newer page  signed out, signed in afterwards: false
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
  clients: [{ client_id: 'rp', client_secret: 'secret', redirect_uris: [redirect_uri] }],
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
  return { status: answer.status, location: answer.headers.get('location'), page: await answer.text() }
}
const asked = { client_id: 'rp', response_type: 'code', scope: 'openid', redirect_uri }
async function visit(parameters) {
  let at = await browse(`${issuer}/auth?${new URLSearchParams({ ...asked, ...parameters })}`)
  for (;;) {
    const next = at.location && new URL(at.location, issuer)
    if (next && next.origin !== issuer) return next.searchParams
    const [, prompt] = /name="prompt" value="(\w+)"/.exec(at.page) ?? []
    at = next ? await browse(next) : await browse(/action="([^"]+)"/.exec(at.page)[1], { prompt, login: 'max' })
  }
}
const isSignedIn = async () => (await visit({ prompt: 'none' })).has('code')
const openSignOut = async () => /name="xsrf" value="([^"]+)"/.exec((await browse(`${issuer}/session/end`)).page)[1]
async function pressSignOut(xsrf) {
  const { status } = await browse(`${issuer}/session/end/confirm`, { xsrf, logout: 'yes' })
  return `${status === 400 ? 400 : 'signed out'}, signed in afterwards: ${await isSignedIn()}`
}

await visit({})
const [older, newer] = [await openSignOut(), await openSignOut()]
const seen = [await pressSignOut(older), await pressSignOut(newer)]
server.close()
server.closeAllConnections()
console.log(`older page  ${seen[0]}\nnewer page  ${seen[1]}`)
const same = seen[0] === '400, signed in afterwards: true' && seen[1] === 'signed out, signed in afterwards: false'
console.log(same ? 'as described' : 'CHANGED: the older page signs out, or neither does')
process.exitCode = same ? 0 : 1
END
node demo.mjs
