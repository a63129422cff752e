import { addDays, berlinDay } from '../../domain/calendar.ts'
import type { Deadlines } from '../../domain/deadlines.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { AuditEventStore } from '../../stores/audit/audit-events.ts'
import type { ProtectedValueStore } from '../../stores/keys/protected-values.ts'
import { type InvariantStore, invariants, momentOf } from '../../stores/operation/invariants/index.ts'
import { describeVerification } from './audit.ts'

/** What one look found. `fault`: something is wrong; `warning`: somebody should look. `mend`: what to do. */
export type Finding = {
  name: string
  outcome: 'ok' | 'warning' | 'fault'
  /** Rows that break it, with up to five of their ids. */
  count?: number
  ids?: string[]
  meaning?: string
  mend?: string
}

/** A look at something beside the database: a setting, a store, a folder. */
export type SettingCheck = { name: string; mend: string; check(): Promise<string | undefined> }

type Settings = {
  invariants: InvariantStore
  auditEvents: Pick<AuditEventStore, 'verify'>
  values: ProtectedValueStore
  deadlines: Deadlines
  clock: Clock
  settings: readonly SettingCheck[]
  /** Without its schema nothing can be said of the data. */
  onlySettings?: boolean
}

/** Creates the examination of an installation: every invariant, the audit chain, every setting, each with a mend. */
export function createDoctor(given: Settings) {
  const { invariants: store, auditEvents, values, deadlines, clock, settings, onlySettings } = given
  return {
    /** Looks at everything, one after the other, and changes nothing. `withoutChain`, `withoutValues`: the audit chain and the values of millions take minutes. */
    async examine({ withoutChain = false, withoutValues = false } = {}): Promise<Finding[]> {
      const now = clock.now()
      const today = berlinDay(now)
      const days = {
        today,
        yesterday: addDays(today, -1),
        forgottenBefore: addDays(today, -deadlines.neverSignedInDays - 1),
      }
      const moment = momentOf(now, days, deadlines)
      const findings: Finding[] = []
      for (const setting of settings) findings.push(await lookAt(setting))
      if (onlySettings) return findings
      for (const invariant of invariants) {
        const { broken, ids } = await store.check(invariant, moment)
        const { name, about, meaning, mend, warning } = invariant
        if (broken === 0) findings.push({ name, outcome: 'ok' })
        else {
          const rows = { count: broken, ids: ids.map((id) => `${about} ${id}`) }
          findings.push({ name, outcome: warning ? 'warning' : 'fault', ...rows, meaning, mend })
        }
      }
      if (!withoutValues) findings.push(await openValues(values))
      if (!withoutChain) findings.push(await verifyChain(auditEvents))
      return findings
    },
  }
}

async function lookAt({ name, mend, check }: SettingCheck): Promise<Finding> {
  const meaning = await check().catch((error: Error) => error.message)
  return meaning === undefined ? { name, outcome: 'ok' } : { name, outcome: 'fault', meaning, mend }
}

async function verifyChain(auditEvents: Pick<AuditEventStore, 'verify'>): Promise<Finding> {
  const name = 'the chain of the audit log is intact'
  const result = await auditEvents.verify()
  if (result.outcome === 'intact') return { name, outcome: 'ok' }
  const mend =
    'keep the database as it is, compare with the last backup and the last noted head; see docs/operate/audit.md'
  return { name, outcome: 'fault', meaning: describeVerification(result), mend }
}

const shownPlaces = 5

async function openValues(values: ProtectedValueStore): Promise<Finding> {
  const name = 'every protected value opens in its row, and every index is the one of its number'
  const ids: string[] = []
  let count = 0
  for (const table of values.tables)
    for await (const { place, fault } of values.faults(table)) {
      count++
      if (ids.length < shownPlaces) ids.push(fault === 'not_open' ? place : `${place} (another number)`)
    }
  if (count === 0) return { name, outcome: 'ok' }
  const meaning =
    'values were altered, moved from another row, or written with a key that is gone; nothing of them is used'
  const mend =
    'keep the database as it is and treat it as an attack until another cause is known; see docs/operate/keys.md'
  return { name, outcome: 'fault', count, ids, meaning, mend }
}
