import { randomBytes } from 'node:crypto'
import { type CheerioAPI, load } from 'cheerio'

/** A page as a person without JavaScript sees it. */
export type Page = {
  status: number
  url: string
  headers: Headers
  body: string
  $: CheerioAPI
  heading: string
  /** Text of the message at a field, `undefined` when the field was accepted. */
  error(field: string): string | undefined
}

type Form = Record<string, string>

/** Headers of a browser with an address of its own; the application under test runs with TRUST_PROXY. */
export function ownAddress(): Form {
  const [a, b, c] = randomBytes(3)
  return { 'X-Forwarded-For': `10.${a}.${b}.${c}` }
}

/** Creates a browser without JavaScript: cookies, redirects, and forms as they stand on the page. */
export function createClient(headers: Record<string, string> = {}) {
  const jar = new Map<string, { value: string; path: string; host: string }>()
  let current: Page | undefined

  async function send(url: string, init: RequestInit = {}, follow = true): Promise<Page> {
    const target = new URL(url, current?.url)
    const response = await fetch(target, {
      ...init,
      redirect: 'manual',
      headers: { accept: 'text/html', ...headers, cookie: cookiesFor(jar, target), ...(init.headers as Form) },
    })
    keep(jar, target, response.headers)
    const location = response.headers.get('location')
    if (follow && location && response.status >= 300 && response.status < 400) {
      await response.body?.cancel()
      return await send(new URL(location, target).href, { headers: {} })
    }
    current = toPage(response, target.href, await response.text())
    return current
  }

  return {
    get: (url: string) => send(url),
    /** Does not follow the redirect. */
    peek: (url: string) => send(url, {}, false),
    page: () => {
      if (!current) throw new Error('no page yet')
      return current
    },
    /** Fills in the form of the current page whose button or `action` field fits and sends it. */
    async submit(fields: Form, { action, button }: { action?: string; button?: string } = {}): Promise<Page> {
      if (!current) throw new Error('no page yet')
      const { target, body } = readForm(current, fields, action, button)
      return await send(target, {
        method: 'POST',
        body,
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      })
    },
    /** What `submit` would send, so that a test can send it twice or change it. */
    form(fields: Form, { action, button }: { action?: string; button?: string } = {}) {
      if (!current) throw new Error('no page yet')
      return readForm(current, fields, action, button)
    },
    post: (url: string, fields: Form | string, extra: Form = {}) =>
      send(url, {
        method: 'POST',
        body: typeof fields === 'string' ? fields : new URLSearchParams(fields).toString(),
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...extra },
      }),
    send,
    cookies: jar,
    clearCookies: () => jar.clear(),
  }
}

export type Client = ReturnType<typeof createClient>

function readForm(page: Page, fields: Form, action?: string, button?: string) {
  const { $ } = page
  const forms = $('form[method="post" i]').toArray()
  const form = forms.find((each) => {
    if (action) return $(each).find(`input[name="action"][value="${action}"]`).length > 0
    if (button)
      return $(each)
        .find('button')
        .add(`button[form="${$(each).attr('id')}"]`)
        .toArray()
        .some(
          (one) =>
            $(one).text().trim() === button && ($(one).attr('form') ?? $(each).attr('id')) === $(each).attr('id'),
        )
    return Object.keys(fields).every((name) => $(each).find(`[name="${name}"]`).length > 0)
  })
  if (!form) throw new Error(`no form with ${action ?? button ?? Object.keys(fields)} on ${page.url}: ${page.heading}`)
  const body = new URLSearchParams()
  for (const input of $(form).find('input, select, textarea').toArray()) {
    const name = $(input).attr('name')
    const type = $(input).attr('type')
    if (!name || ((type === 'checkbox' || type === 'radio') && $(input).attr('checked') === undefined)) continue
    body.set(name, String($(input).val() ?? ''))
  }
  for (const [name, value] of Object.entries(fields)) body.set(name, value)
  const target = new URL($(form).attr('action') ?? page.url, page.url).href
  return { target, body: body.toString() }
}

function toPage(response: Response, url: string, body: string): Page {
  const $ = load(body)
  return {
    status: response.status,
    url,
    headers: response.headers,
    body,
    $,
    heading: $('h1').first().text().replace(/\s+/g, ' ').trim(),
    error(field) {
      const text = $(`#${field}-error`).text().replace(/\s+/g, ' ').trim()
      return $(`[name="${field}"][aria-invalid="true"]`).length > 0 ? text : undefined
    },
  }
}

function keep(jar: Map<string, { value: string; path: string; host: string }>, url: URL, headers: Headers): void {
  for (const line of headers.getSetCookie()) {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const name = pair.slice(0, pair.indexOf('='))
    const value = pair.slice(pair.indexOf('=') + 1)
    const path = attributes.find((each) => each.toLowerCase().startsWith('path='))?.slice(5) ?? '/'
    const expires = attributes.find((each) => each.toLowerCase().startsWith('expires='))?.slice(8)
    const key = `${url.host}${path}${name}`
    if (value === '' || (expires && Date.parse(expires) < Date.now())) jar.delete(key)
    else jar.set(key, { value: `${name}=${value}`, path, host: url.host })
  }
}

function cookiesFor(jar: Map<string, { value: string; path: string; host: string }>, url: URL): string {
  const fits = (path: string) =>
    url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
  return [...jar.values()]
    .filter((cookie) => cookie.host === url.host && fits(cookie.path))
    .map((cookie) => cookie.value)
    .join('; ')
}
