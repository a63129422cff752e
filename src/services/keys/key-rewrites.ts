import type { KeyRing } from '../../crypto/key-ring.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { Stores } from '../../stores/index.ts'
import type { RewriteTarget } from '../../stores/keys/key-rewrites.ts'
import type { ProtectedTable } from '../../stores/keys/protected-tables.ts'
import type { Transaction } from '../../stores/transaction.ts'
import type { AlertService } from '../operation/alerts.ts'

type Settings = {
  stores: Pick<Stores, 'keyRings' | 'keyRewrites'>
  transaction: Transaction
  clock: Clock
  rings: { encryption: KeyRing; hash: KeyRing }
  alerts: Pick<AlertService, 'raise'>
  log: { error(detail: object, message: string): void }
}

/** How long to work and how long to rest after each page, in milliseconds. */
export type RewritePace = {
  budget: number
  pause: number
  /** Ends the run after the page in which it is aborted. */
  signal?: AbortSignal
  onPage?(): Promise<void> | void
}

/**
 * What a run did. `idle`: there is one key of each ring only; `waiting`: a process still writes with another key; `working`: rows
 * are left; `done`: every row is under the keys that write.
 */
export type RewriteRun = { state: 'idle' | 'waiting' | 'working' | 'done'; rows: number }

/** Creates the job that rewrites rows under the keys that write now; safe to run twice, in parallel, and after a crash. */
export function createKeyRewriteService(settings: Settings) {
  const { stores, transaction, clock, rings } = settings
  const target: RewriteTarget = { encryption: rings.encryption[0].kid, hash: rings.hash[0].kid }
  return {
    target,
    async run({ budget, ...pace }: RewritePace): Promise<RewriteRun> {
      if (rings.encryption.length === 1 && rings.hash.length === 1) return { state: 'idle', rows: 0 }
      const living = await stores.keyRings.living()
      // Whoever writes with another key would leave rows behind that the pass has gone by already.
      const writers = living.flatMap(({ rings: held }) => [
        held.encryption[0] === target.encryption,
        held.hash[0] === target.hash,
      ])
      if (writers.includes(false)) return { state: 'waiting', rows: 0 }
      await stores.keyRewrites.begin(target)
      const open = await stores.keyRewrites.unfinished(target)
      if (open.length === 0) return { state: 'done', rows: 0 }
      const end = performance.now() + budget
      let rows = 0
      for (const spec of open) rows += await rewriteTable(settings, spec, target, { end, ...pace })
      if ((await stores.keyRewrites.unfinished(target)).length > 0) return { state: 'working', rows }
      const total = (await stores.keyRewrites.progress()).reduce((sum, { rowsRewritten }) => sum + rowsRewritten, 0)
      const event = { at: clock.now(), encryptionKid: target.encryption, hashKid: target.hash, rows: total }
      await transaction((unit) => unit.audit.rowsRewritten(event))
      return { state: 'done', rows }
    },
  }
}

/** A table that is busy is left for the next run; the others go on. */
const triesWhenBusy = 5

async function rewriteTable(
  { stores, alerts, log }: Settings,
  spec: ProtectedTable,
  target: RewriteTarget,
  { end, pause, signal, onPage }: Omit<RewritePace, 'budget'> & { end: number },
): Promise<number> {
  let rows = 0
  for (let busy = 0; busy < triesWhenBusy && performance.now() < end && !signal?.aborted; ) {
    const page = await stores.keyRewrites.rewritePage(spec, target)
    if (page === 'busy') busy++
    else {
      busy = 0
      rows += page.rewritten
      for (const key of page.unreadable)
        log.error({ table: spec.table, key }, 'row cannot be rewritten under the new key')
      if (page.unreadable.length > 0)
        await alerts.raise(undefined, { kind: 'rows_not_rewritten', detail: { table: spec.table } })
      await onPage?.()
      if (page.last) return rows
    }
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
  return rows
}
