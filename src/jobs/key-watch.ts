import type { Logger } from 'pino'
import { StartUpError } from '../errors.ts'
import type { KeyRingService } from '../services/keys/key-rings.ts'

type Settings = {
  keyRings: Pick<KeyRingService, 'beat'>
  /** Publishes signing keys; `refresh` takes up changed ones and tells whether there were any. */
  provider: { readonly kids: readonly string[]; refresh(): Promise<boolean> }
  pollSeconds: number
  log: Pick<Logger, 'info' | 'error'>
}

/**
 * Lets the process take up changed signing keys and say what it holds, again and again until `stop`: no key signs and no key
 * goes before every process at work has said that it fits. A process that paused for so long that it was forgotten may find that its
 * keys fit no more: until they do again, `check` says so.
 */
export async function startKeyWatch({ keyRings, provider, pollSeconds, log }: Settings) {
  let stopped = false
  let underWay: Promise<void> = Promise.resolve()
  let refusal: StartUpError | undefined
  const look = async () => {
    try {
      if (await provider.refresh()) log.info({ kids: provider.kids }, 'signing keys, or scopes of resources, changed')
      await keyRings.beat(provider.kids)
      refusal = undefined
    } catch (error) {
      if (error instanceof StartUpError) {
        refusal = error
        log.error({ err: error }, 'the keys of this process fit no more: it is not ready')
        return
      }
      log.error({ err: error }, 'the keys of this process could not be compared')
    }
  }
  await keyRings.beat(provider.kids)
  const timer = setInterval(() => {
    underWay = underWay.then(() => (stopped ? undefined : look()))
  }, pollSeconds * 1000)
  timer.unref()
  return {
    /** @throws StartUpError why the keys of this process do not fit */
    async check(): Promise<void> {
      if (refusal) throw refusal
    },
    async stop(): Promise<void> {
      stopped = true
      clearInterval(timer)
      await underWay
    },
  }
}
