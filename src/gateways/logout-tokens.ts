/** Milliseconds that an application has to take a logout token. */
const timeout = 5000

/** Sends a logout token as OpenID Connect Back-Channel Logout 2.5 says; anything but 200 or 204 is tried again. */
export async function sendLogoutToken({ url, logoutToken }: { url: string; logoutToken: string }): Promise<void> {
  const body = new URLSearchParams({ logout_token: logoutToken })
  const response = await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(timeout), redirect: 'error' })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`application answered ${response.status} to a logout token`)
}
