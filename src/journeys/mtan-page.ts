import { z } from 'zod'
import { parseMtan } from '../domain/secrets/mtan.ts'
import type { Clock } from '../gateways/clock.ts'
import type { MtanOrder, MtanService } from '../services/messages/mtans.ts'
import type { MtanPurpose } from '../stores/sign-in/one-time-codes.ts'
import type { UnitOfWork } from '../stores/transaction.ts'
import type { Effects, Input, Submission, View } from './journey.ts'

/** The mTAN that is on its way (`MtanSending`). */
export const mtanSending = z.object({
  sent: z.int(),
  expiresAt: z.iso.datetime(),
  resendAt: z.iso.datetime().nullable(),
})

/** What the state of a step with an mTAN holds. */
export const mtanState = {
  /** Null: none is on its way. */
  sending: mtanSending.nullable(),
  /** The budget of the number is used up until then. */
  blockedUntil: z.iso.datetime().optional(),
}

type MtanState = { sending: z.infer<typeof mtanSending> | null; blockedUntil?: string | undefined }
type MtanDeps = { mtans: MtanService; clock: Clock }
type Prepared = Awaited<ReturnType<MtanService['prepare']>>

/** Arrives at the page: an mTAN is on its way, or none until the budget of the number begins anew. */
export function arriveWith<T extends MtanState>(state: T, prepared: Prepared, deps: Pick<MtanDeps, 'clock'>) {
  if (!('refused' in prepared)) {
    const { sending, effects } = prepared
    return { state: { ...state, sending, blockedUntil: undefined }, effects, atOnce: true }
  }
  return { state: { ...state, sending: null, blockedUntil: (prepared.until ?? deps.clock.now()).toISOString() } }
}

/** Answers the button of the page: stays with another mTAN on its way, or says why there is none. */
export function resendWith<S>(state: MtanState, prepared: Prepared): Submission<S> {
  if ('refused' in prepared)
    return { invalid: { mtan: prepared.refused === 'budget' ? 'budget' : `resend_${prepared.refused}` } }
  const effects: Effects<S> = prepared.effects
  return { stay: { ...state, sending: prepared.sending, blockedUntil: undefined }, effects, atOnce: true }
}

/** Shows the page; `mobile` as it may be read there. */
export function showMtan(
  { sending, blockedUntil }: MtanState,
  { mobile, purpose }: { mobile: string; purpose: MtanPurpose },
  { mtans }: Pick<MtanDeps, 'mtans'>,
): View {
  return {
    model: {
      mobile,
      sent: sending !== null,
      purpose,
      expiresAt: sending && new Date(sending.expiresAt),
      resendAt: sending?.resendAt ? new Date(sending.resendAt) : null,
      resendsLeft: sending ? mtans.perJourney - sending.sent : 0,
      blockedUntil: blockedUntil ? new Date(blockedUntil) : null,
    },
  }
}

/**
 * Checks what was entered, the try counted first (security.md, "mTAN"). The code is not used up: that belongs to the effects
 * of the step (`consume`).
 * @returns the id of the code, or the refusal with its event.
 */
export async function checkMtan(
  input: Input,
  { sending, blockedUntil }: MtanState,
  { accountId, ...bound }: Pick<MtanOrder, 'purpose' | 'subject' | 'accountId'>,
  { mtans, clock }: MtanDeps,
): Promise<{ codeId: string } | Extract<Submission<never>, { invalid: unknown }>> {
  const given = parseMtan(input.mtan ?? '')
  if (!given.ok) return { invalid: { mtan: given.reason } }
  if (!sending) return { invalid: { mtan: blockedUntil ? 'budget' : 'unsent' } }
  const now = clock.now()
  if (new Date(sending.expiresAt) <= now) return { invalid: { mtan: 'expired' } }
  const check = await mtans.check(bound, given.value)
  if (check.result === 'right') return { codeId: check.id }
  const triesLeft = check.result === 'wrong' ? check.triesLeft : 0
  return {
    invalid: { mtan: triesLeft > 0 ? { reason: 'wrong', params: { triesLeft } } : 'used_up' },
    effects: (unit: UnitOfWork) => unit.audit.mtanRejected({ at: now, accountId, purpose: bound.purpose }),
  }
}
