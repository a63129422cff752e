import { setTimeout as wait } from 'node:timers/promises'
import { afterAll } from 'vitest'

/** What keeps a process alive and belongs to whoever opened it; sockets that are kept for a next request end with their server. */
const kinds = ['TCPServerWrap', 'ProcessWrap', 'Timeout', 'FSEvent', 'MessagePort']

/** Milliseconds until what a file has closed must be gone. */
const patience = 5_000

// Set-up files run anew before each file. The next one runs in the same process: a server, a child or a timer that a file leaves
// behind would work beside it.
const before = openNow()

afterAll(async () => {
  const end = performance.now() + patience
  let left = more()
  while (left.length > 0 && performance.now() < end) {
    await wait(50)
    left = more()
  }
  if (left.length > 0) throw new Error(`this file leaves open: ${left.join(', ')}`)
})

function openNow(): Map<string, number> {
  const open = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) open.set(kind, (open.get(kind) ?? 0) + 1)
  return open
}

function more(): string[] {
  const now = openNow()
  return kinds.filter((kind) => (now.get(kind) ?? 0) > (before.get(kind) ?? 0))
}
