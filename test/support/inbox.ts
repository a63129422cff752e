export type Item = {
  id: string
  kind: 'sms' | 'email' | 'letter'
  to: string
  subject: string
  text: string
  html: string | null
  pdfUrl: string | null
  code: string | null
  /** Every code of a letter, oldest registration first. */
  codes?: { code: string; registeredOn: string; registeredTime: string; maskedMobile: string }[]
  link: string | null
  createdAt?: string
}

export type Inbox = ReturnType<typeof createInbox>

/** Reads the development postbox as a person would (contract.md). */
export function createInbox(issuer: string) {
  const list = async (kind: Item['kind'], to: string): Promise<Item[]> => {
    const response = await fetch(`${issuer}/dev/postbox.json?${new URLSearchParams({ kind, to })}`)
    return (await response.json()) as Item[]
  }
  return {
    list,
    /** Waits for the newest item beyond the `after` first ones; fails after `seconds`. */
    async next(kind: Item['kind'], to: string, after = 0, seconds = 30): Promise<Item> {
      const end = performance.now() + seconds * 1000
      while (performance.now() < end) {
        const items = await list(kind, to)
        if (items.length > after && items[0]) return items[0]
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      throw new Error(`no ${kind} for ${to} within ${seconds} seconds`)
    },
  }
}
