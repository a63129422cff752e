// Passkeys (WebAuthn): a form asks the server for options, the device answers, and the form takes the answer along.
const { browserSupportsWebAuthn, startAuthentication, startRegistration } = globalThis.SimpleWebAuthnBrowser

/** The device's answer as text; empty when the server gives no options, which its page then explains. */
async function askDevice(form) {
  const asked = await fetch(form.dataset.options, { method: 'POST', body: new URLSearchParams(new FormData(form)) })
  if (!asked.ok) return ''
  const optionsJSON = await asked.json()
  const start = form.dataset.passkey === 'create' ? startRegistration : startAuthentication
  return JSON.stringify(await start({ optionsJSON }))
}

function answerByPasskey(form) {
  const note = form.querySelector('[data-passkey-note]')
  let asking = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (asking) return
    asking = true
    note.hidden = true
    try {
      form.querySelector('[data-passkey-answer]').value = await askDevice(form)
      form.submit()
    } catch (fault) {
      note.textContent = fault.name === 'InvalidStateError' ? note.dataset.known : note.dataset.stopped
      note.hidden = false
    } finally {
      asking = false
    }
  })
}

if (browserSupportsWebAuthn()) {
  for (const form of document.querySelectorAll('[data-passkey]')) answerByPasskey(form)
  for (const part of document.querySelectorAll('[data-passkeys]')) part.hidden = false
  for (const part of document.querySelectorAll('[data-without-passkeys]')) part.hidden = true
}
