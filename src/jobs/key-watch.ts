import type { Logger } from 'pino'
import type { KeyRingService } from '../services/keys/key-rings.ts'

type Settings = {
  keyRings: KeyRingService
  /** Publishes signing keys; `refresh` takes up changed ones and tells whether there were any. */
  provider: { readonly kids: readonly string[]; refresh(): Promise<boolean> }
  pollSeconds: number
  log: Logger
}

/**
 * Lets the process take up changed signing keys and say what it holds, again and again until `stop`: no key signs and no key
 * goes before every process at work has said that it fits.
 */
export async function startKeyWatch({ keyRings, provider, pollSeconds, log }: Settings) {
  let stopped = false
  let underWay: Promise<void> = Promise.resolve()
  const look = async () => {
    try {
      if (await provider.refresh()) log.info({ kids: provider.kids }, 'signing keys, or scopes of resources, changed')
      await keyRings.beat(provider.kids)
    } catch (error) {
      log.error({ err: error }, 'the keys of this process could not be compared')
    }
  }
  await keyRings.beat(provider.kids)
  const timer = setInterval(() => {
    underWay = underWay.then(() => (stopped ? undefined : look()))
  }, pollSeconds * 1000)
  timer.unref()
  return {
    async stop(): Promise<void> {
      stopped = true
      clearInterval(timer)
      await underWay
    },
  }
}
