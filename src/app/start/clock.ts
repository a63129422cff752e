import type { Config } from '../../config.ts'
import { createShiftableClock, createSystemClock, type ShiftableClock } from '../../gateways/clock.ts'
import type { Database } from '../../stores/database/database.ts'
import { createSettingStore } from '../../stores/operation/settings.ts'

/** The clock of our own rules; `shiftable` is the same clock where it can be moved (contract.md, `/dev/clock`). */
export async function openClock({ production }: Config, knex: Database) {
  if (production) return { clock: createSystemClock(), shiftable: undefined }
  const shiftable = await openShiftedClock(knex)
  return { clock: shiftable, shiftable }
}

/** The clock as development has moved it last. */
async function openShiftedClock(knex: Database): Promise<ShiftableClock> {
  return createShiftableClock(Number((await createSettingStore(knex).get('clock_offset')) ?? 0))
}
