/** A browser without scripts: keeps cookies by name and path, and follows redirects on the issuer's own host. */
export function createBrowser(issuer: string) {
  const jar = new Map<string, { name: string; value: string; path: string }>()
  const { host } = new URL(issuer)

  const cookiesFor = (path: string) =>
    [...jar.values()]
      .filter((cookie) => path.startsWith(cookie.path))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')

  const keep = (response: Response, path: string) => {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(/;\s*/)
      const name = pair.slice(0, pair.indexOf('='))
      const given = attributes.find((attribute) => attribute.toLowerCase().startsWith('path='))
      const cookie = { name, value: pair.slice(name.length + 1), path: given?.slice(5) ?? path }
      const expired = attributes.some((attribute) => attribute.startsWith('expires=Thu, 01 Jan 1970'))
      if (expired) jar.delete(`${name} ${cookie.path}`)
      else jar.set(`${name} ${cookie.path}`, cookie)
    }
  }

  const request = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const target = new URL(url, issuer)
    const headers = new Headers(init.headers)
    headers.set('accept', 'text/html')
    headers.set('cookie', cookiesFor(target.pathname))
    const response = await fetch(target, { ...init, headers, redirect: 'manual' })
    keep(response, target.pathname)
    return response
  }

  /** Follows redirects until a page, or the address outside the issuer that the last one points to. */
  const visit = async (url: string, init: RequestInit = {}): Promise<{ response: Response; away?: URL }> => {
    let response = await request(url, init)
    let at = new URL(url, issuer)
    for (let hops = 0; hops < 12; hops++) {
      const location = response.headers.get('location')
      if (!location) return { response }
      at = new URL(location, at)
      if (at.host !== host) return { response, away: at }
      response = await request(at.href)
    }
    throw new Error('too many redirects')
  }

  /** Submits the page's form with its hidden fields, as its script would. */
  const submit = async (page: string, fields: Record<string, string> = {}) => {
    const action = /action="([^"]+)"/.exec(page)?.[1] ?? ''
    const hidden: [string, string][] = [...page.matchAll(/name="([^"]+)" value="([^"]*)"/g)].map(
      ([, name = '', value = '']) => [name, value],
    )
    return await visit(action, { method: 'POST', body: new URLSearchParams([...hidden, ...Object.entries(fields)]) })
  }

  return { request, visit, submit, cookies: () => [...jar.values()] }
}
