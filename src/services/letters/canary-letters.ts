import { randomUUID } from 'node:crypto'
import type { Actor } from '../../audit/event.ts'
import type { KeyedHash } from '../../crypto/field-encryption.ts'
import { addDays, berlinDay, type CalendarDay, daysBetween } from '../../domain/calendar.ts'
import { unlockCodeLastDay } from '../../domain/deadlines.ts'
import { letterPurposes } from '../../domain/letters/purposes.ts'
import {
  createUnlockCode,
  formatUnlockCode,
  type UnlockCode,
  unlockCodeBinding,
} from '../../domain/secrets/unlock-code.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { LetterContent } from '../../gateways/letters/letter-pdf.ts'
import type { Stores } from '../../stores/index.ts'
import type { Transaction, UnitOfWork } from '../../stores/transaction.ts'
import type { AlertService } from '../operation/alerts.ts'
import type { CanaryRules, PrintDesk } from './print-run/settings.ts'

type Settings = {
  stores: Stores
  transaction: Transaction
  clock: Clock
  hash: KeyedHash
  alerts: Pick<AlertService, 'raise'>
  rules: CanaryRules
}

export type CanaryLetterService = ReturnType<typeof createCanaryLetterService>

const listed = 50
const rememberedDays = 120

/** Creates the look at what becomes of canary letters: whoever gets one enters its code, so that all know that the post arrives. */
export function createCanaryLetterService({ stores, transaction, clock, hash, alerts, rules }: Settings) {
  return {
    list: () => stores.canaryLetters.list(listed),
    /** Takes the code of a letter that has arrived; `null` when it fits none that is missed. */
    async enter(code: UnlockCode, actor: Actor): Promise<{ runId: string; days: number } | null> {
      const now = clock.now()
      for (const { id, runId, codeHash, postedOn } of await stores.canaryLetters.missing()) {
        if (!codeHash || !postedOn || !hash.matches(code, unlockCodeBinding(id), codeHash)) continue
        const days = daysBetween(postedOn, berlinDay(now))
        return await transaction(async (unit) => {
          if (!(await unit.canaryLetters.enter(id, actor, now))) return null
          await unit.audit.canaryLetterEntered({ at: now, actor, runId, days })
          return { runId, days }
        })
      }
      return null
    },
    /** Tells operators, once for each, of letters that have not arrived in time. */
    async watch(): Promise<number> {
      const now = clock.now()
      const today = berlinDay(now)
      let told = await stores.canaryLetters.deletePostedBefore(addDays(today, -rememberedDays))
      for (const { id, runId, postedOn } of await stores.canaryLetters.missing(addDays(today, -rules.alertAfterDays)))
        told += await transaction(async (unit) => {
          if (!(await unit.canaryLetters.markAlerted(id, now))) return 0
          const detail = { run: runId, postedOn: postedOn ?? '' }
          await alerts.raise(unit, { kind: 'canary_letter_missing', detail })
          return 1
        })
      return told
    },
  }
}

/**
 * Makes the letter to the operator that goes with a run, which the transaction holds; a run that is drawn again keeps it. It
 * looks like every other one, so that nobody on the way treats it better. `null` when none is wanted.
 */
export async function canaryContent(
  { hash, random, rules, deadlines, issuer }: PrintDesk,
  unit: UnitOfWork,
  runId: string,
  postingDay: CalendarDay,
): Promise<LetterContent | null> {
  const { canary } = rules
  if (!canary?.enabled) return null
  const kind = 'unlock_code'
  const { path } = letterPurposes[kind].contents[kind]
  const id = randomUUID()
  const fresh = createUnlockCode(random.bytes)
  const codeHash = hash.hash(fresh, unlockCodeBinding(id))
  const letter = await unit.canaryLetters.add({ id, runId, code: fresh, codeHash })
  return {
    id: letter.id,
    kind,
    recipient: { name: canary.name, ...canary.address },
    date: postingDay,
    largePrint: false,
    codes: [
      {
        registeredOn: postingDay,
        registeredTime: '12:00',
        maskedMobile: '+49 151 ••••• 00',
        code: formatUnlockCode((letter.code ?? fresh) as UnlockCode),
      },
    ],
    lastDay: unlockCodeLastDay(postingDay, deadlines),
    url: new URL(path, issuer).href,
  }
}
