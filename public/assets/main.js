// Helps where script runs; every page works without it.

/** Takes the reader to what has to be mended. */
function focusErrorSummary() {
  document.querySelector('[data-error-summary]')?.focus()
}

/** Adds a button to each password that shows and hides it. */
function addPasswordSwitch(row) {
  const input = row.querySelector('input')
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'button button-second button-small'
  button.setAttribute('aria-controls', input.id)
  const set = (visible) => {
    input.type = visible ? 'text' : 'password'
    button.textContent = visible ? row.dataset.hide : row.dataset.show
    // Several passwords on a page: the word says which one, for those who hear the page.
    const word = document.createElement('span')
    word.className = 'visually-hidden'
    word.textContent = `${row.dataset.word} `
    button.prepend(word)
  }
  button.addEventListener('click', () => set(input.type === 'password'))
  // Browsers save passwords from password fields only.
  input.form?.addEventListener('submit', () => set(false))
  set(false)
  row.append(button)
}

/** Estimates how many guesses a password takes, in bits; words, runs and repetitions count less. */
function estimateBits(password) {
  let bits = 0
  let before = 0
  const seen = new Map()
  for (const part of password.match(/\p{L}{3,}|[\s\S]/gu) ?? [])
    for (const character of part) {
      const code = character.toLowerCase().codePointAt(0)
      const repeats = seen.get(character) ?? 0
      seen.set(character, repeats + 1)
      const worth = part.length > 2 ? 2.6 : 5
      bits += Math.abs(code - before) <= 1 ? 0.5 : repeats > 2 ? worth / 2 : worth
      before = code
    }
  return bits
}

function strengthOf(password) {
  if ([...password].length < 10) return 0
  return 1 + [34, 46, 58].filter((step) => estimateBits(password) >= step).length
}

/** Tells while typing how strong a new password is; it decides nothing. */
function addMeter(meter) {
  const words = ['short', 'weak', 'fair', 'good', 'strong']
  const input = document.getElementById(meter.dataset.meter)
  const bar = document.createElement('div')
  bar.className = 'meter-bar'
  bar.setAttribute('aria-hidden', 'true')
  const steps = words.slice(1).map(() => bar.appendChild(document.createElement('span')))
  const text = document.createElement('p')
  text.className = 'hint'
  let timer
  const update = () => {
    const strength = strengthOf(input.value)
    for (const [index, step] of steps.entries()) step.classList.toggle('on', index < strength)
    if (meter.childElementCount === 0) meter.append(bar, text)
    // Said only when the typing rests.
    clearTimeout(timer)
    timer = setTimeout(() => {
      text.textContent = meter.dataset[words[strength]]
    }, 500)
  }
  input.addEventListener('input', update)
}

/** Counts down to the moment from which a new mTAN may be asked for. The button stays as it is: the server decides. */
function countDown(note) {
  const end = performance.now() + Number(note.dataset.countdown) * 1000
  const tick = () => {
    const seconds = Math.ceil((end - performance.now()) / 1000)
    note.hidden = seconds <= 0
    note.textContent = note.dataset.text.replace('{}', seconds)
    if (note.hidden) clearInterval(timer)
  }
  const timer = setInterval(tick, 1000)
  tick()
}

/** Sends each form once: a double click is one. */
function guardDoubleSubmit(form) {
  let sent = false
  form.addEventListener('submit', (event) => {
    if (sent) return event.preventDefault()
    if (event.defaultPrevented) return
    sent = true
    // The network may fail: after a while the person may try again.
    setTimeout(() => {
      sent = false
    }, 5000)
  })
  // Back in a page that the browser kept: the form may be sent again.
  window.addEventListener('pageshow', () => {
    sent = false
  })
}

for (const row of document.querySelectorAll('[data-password]')) addPasswordSwitch(row)
for (const meter of document.querySelectorAll('[data-meter]')) addMeter(meter)
for (const note of document.querySelectorAll('[data-countdown]')) countDown(note)
for (const form of document.querySelectorAll('form')) guardDoubleSubmit(form)
focusErrorSummary()
