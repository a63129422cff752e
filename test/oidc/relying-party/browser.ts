import { load } from 'cheerio'

/** A page as a person meets it: where one is, what it says. */
export type Page = { url: URL; status: number; html: string; headers: Headers; $: ReturnType<typeof load> }

/** A very small browser: follows redirects, keeps cookies per host name whatever the port, as browsers do. */
export type Browser = {
  get(url: string): Promise<Page>
  post(url: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<Page>
  /** Sends the form that `selector` finds on a page, with its own fields and these. */
  submit(page: Page, selector: string, fields?: Record<string, string>): Promise<Page>
  /** Follows redirects only as long as they stay off this prefix; answers where it stopped. */
  stopBefore(url: string, prefix: string): Promise<URL>
  cookies: Map<string, Map<string, string>>
}

/** Creates a browser without cookies. */
export function openBrowser(): Browser {
  const cookies = new Map<string, Map<string, string>>()
  const send = (url: URL, init: RequestInit) => request(cookies, url, init)
  const browser: Browser = {
    cookies,
    get: (url) => follow(send, new URL(url), {}),
    post: (url, fields = {}, headers = {}) => {
      const body = new URLSearchParams(fields)
      return follow(send, new URL(url), { method: 'POST', body, headers: { origin: new URL(url).origin, ...headers } })
    },
    submit: (page, selector, fields = {}) => {
      const form = page.$(selector).first()
      if (!form.length) throw new Error(`no form ${selector} on ${page.url}: ${page.$('body').text().slice(0, 300)}`)
      const own = Object.fromEntries(form.serializeArray().map(({ name, value }) => [name, value]))
      const url = new URL(form.attr('action') ?? page.url, page.url)
      return browser.post(url.href, { ...own, ...fields }, { origin: page.url.origin })
    },
    stopBefore: async (url, prefix) => {
      let next = new URL(url)
      while (!next.href.startsWith(prefix)) {
        const location = (await send(next, {})).headers.get('location')
        if (!location) throw new Error(`${next} leads nowhere`)
        next = new URL(location, next)
      }
      return next
    },
  }
  return browser
}

async function follow(
  send: (url: URL, init: RequestInit) => Promise<Response>,
  url: URL,
  init: RequestInit,
): Promise<Page> {
  let response = await send(url, init)
  let at = url
  for (let hops = 0; response.status >= 300 && response.status < 400; hops += 1) {
    if (hops > 15) throw new Error(`redirected in a circle at ${at}`)
    at = new URL(response.headers.get('location')!, at)
    response = await send(at, {})
  }
  const html = await response.text()
  return { url: at, status: response.status, html, headers: response.headers, $: load(html) }
}

async function request(cookies: Browser['cookies'], url: URL, init: RequestInit): Promise<Response> {
  const jar = cookies.get(url.hostname) ?? new Map<string, string>()
  cookies.set(url.hostname, jar)
  const headers = new Headers(init.headers)
  headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '))
  const response = await fetch(url, { ...init, headers, redirect: 'manual' })
  for (const line of response.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
    const path = /;\s*path=([^;]*)/i.exec(line)?.[1] ?? '/'
    if (value && !/expires=Thu, 01 Jan 1970/i.test(line)) jar.set(name!, value)
    else if (path === '/' || url.pathname.startsWith(path)) jar.delete(name!)
  }
  return response
}
