// The library is loaded before this module and brings its own checks of state, nonce and PKCE.
const { UserManager, WebStorageStateStore } = globalThis.oidc

const app = document.querySelector('#app')
const address = `${location.origin}/spa.html`
const manager = new UserManager({
  authority: app.dataset.issuer,
  client_id: app.dataset.clientId,
  redirect_uri: address,
  post_logout_redirect_uri: address,
  scope: 'openid profile email',
  // Keep `acr`, `amr` and `auth_time`, to show them.
  filterProtocolClaims: false,
  // No hidden frame and no refresh token in the browser: when the token has ended, the person signs in again.
  automaticSilentRenew: false,
  // Ends with the tab; a script from elsewhere cannot run here (content security policy).
  userStore: new WebStorageStateStore({ store: sessionStorage }),
  stateStore: new WebStorageStateStore({ store: sessionStorage }),
})

const find = (id) => document.querySelector(`#${id}`)

function say(text) {
  find('status').textContent = text
  find('status').hidden = !text
}

function fill(id, claims) {
  const rows = Object.entries(claims).map(([name, value]) => {
    const row = document.createElement('tr')
    const head = document.createElement('th')
    head.scope = 'row'
    head.textContent = name
    const cell = document.createElement('td')
    cell.dataset.claim = name
    cell.textContent = typeof value === 'string' ? value : JSON.stringify(value)
    row.append(head, cell)
    return row
  })
  find(id).replaceChildren(...rows)
}

async function readUserInfo(user) {
  const endpoint = await manager.metadataService.getUserInfoEndpoint()
  const answer = await fetch(endpoint, { headers: { authorization: `Bearer ${user.access_token}` } })
  if (!answer.ok) throw new Error(`Userinfo ${answer.status}`)
  const claims = await answer.json()
  if (claims.sub !== user.profile.sub) throw new Error('Userinfo: sub')
  return claims
}

function show(user) {
  const signedIn = Boolean(user && !user.expired)
  find('sign-in').hidden = signedIn
  for (const id of ['userinfo', 'sign-out', 'result']) find(id).hidden = !signedIn
  if (signedIn) fill('id-token', user.profile)
}

/** Refuses an answer of another issuer (RFC 9207), which the library leaves to us. */
async function checkIssuer(iss) {
  const metadata = await manager.metadataService.getMetadata()
  if (metadata.authorization_response_iss_parameter_supported && iss !== metadata.issuer) throw new Error('iss')
}

/** Takes the issuer's answer out of the address, so that a reload does not send it again. */
async function receiveAnswer() {
  const answer = new URLSearchParams(location.search)
  if (!answer.has('state')) return
  const url = location.href
  history.replaceState(null, '', address)
  if (answer.has('code') || answer.has('error')) {
    await checkIssuer(answer.get('iss'))
    await manager.signinRedirectCallback(url)
  } else {
    await manager.signoutRedirectCallback(url)
    say('Sie sind abgemeldet.')
  }
}

/** Runs what a button asks for and says in words when it did not work. */
async function attempt(work) {
  try {
    await work()
  } catch (error) {
    const code = error.error ?? error.message
    say(
      code === 'access_denied'
        ? 'Sie haben die Anmeldung abgebrochen (access_denied).'
        : `Das hat nicht geklappt (${code}). Bitte melden Sie sich neu an.`,
    )
  }
}

async function showPerson() {
  const user = await manager.getUser()
  show(user)
  if (user && !user.expired) fill('person', await readUserInfo(user))
}

find('sign-in').addEventListener('click', () =>
  attempt(() => manager.signinRedirect({ ui_locales: document.documentElement.lang })),
)
find('sign-out').addEventListener('click', () =>
  attempt(async () => {
    const user = await manager.getUser()
    await manager.signoutRedirect({ id_token_hint: user?.id_token, state: crypto.randomUUID() })
  }),
)
find('userinfo').addEventListener('click', () =>
  attempt(async () => {
    await showPerson()
    say('Die Angaben wurden neu abgerufen.')
  }),
)

await attempt(receiveAnswer)
await attempt(showPerson)
