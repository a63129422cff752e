import { addDays, berlinDay, isPast } from '../../../domain/calendar.ts'
import { Abandon } from '../../../errors.ts'
import type { MailTemplate } from '../../../gateways/email/mails.ts'
import type { Account } from '../../../stores/accounts/accounts.ts'
import type { UnitOfWork } from '../../../stores/transaction.ts'
import type { MailPayload } from '../../messages/mails.ts'
import { type Doing, failuresKey, type HelpDeskSettings } from './settings.ts'

/** What staff do for a member; `end` takes two persons and stands in `domain/staff/two-persons.ts`. */
export const helpActs = ['activation', 'letter', 'clear-pause', 'sign-out', 'suspend', 'lift'] as const
export type HelpAct = (typeof helpActs)[number]

/** Why an act is not done: nobody has this id; the account is in another state; a letter is on its way already; there is no pause. */
export type ActRefusal = { outcome: 'refused'; reason: 'unknown' | 'state' | 'letter_waits' | 'no_pause' }
export type ActOutcome = { outcome: 'done' } | ActRefusal | { outcome: 'limited'; until: Date }

/** The act itself, inside its transaction; it tells the member by its own mail and with its own parameters. */
type Act = (unit: UnitOfWork, account: Account, now: Date, doing: Doing) => Promise<void>

/** What undoes the transaction of an act and is its answer. */
const refuse = (reason: ActRefusal['reason']) => new Abandon<ActOutcome>({ outcome: 'refused', reason })
const limited = (until: Date) => new Abandon<ActOutcome>({ outcome: 'limited', until })

/** Creates what staff do for a member: one transaction with its guard, its audit event and the mail to the member. */
export function createHelpActs(settings: HelpDeskSettings) {
  const { transaction, clock, limits, letters, mails, hash } = settings

  /** Writes down that staff did it, and tells the member; nobody writes to the dead. */
  async function tell(
    unit: UnitOfWork,
    account: Account,
    act: string,
    { actor, reason }: Doing,
    mail?: { template: MailTemplate; params?: MailPayload['params'] },
  ): Promise<void> {
    const at = clock.now()
    await unit.audit.helpGiven({ at, actor, accountId: account.id, act, reason })
    if (!mail || account.suspensionReason === 'deceased') return
    await mails.send(unit, account, mail.template, { day: berlinDay(at), ...mail.params }, at)
  }

  const acts: Record<HelpAct, Act> = {
    async activation(unit, account, now, doing) {
      // Beside the member who presses the button of an earlier link: whoever holds the row is first.
      const state = await unit.accounts.holdState(account.id)
      if (state !== 'pending_activation' || isPast(account.activationLastDay, now)) throw refuse('state')
      const until = await limits.activationMails.use(account.id)
      if (until) throw limited(until)
      await mails.sendActivationLink(unit, account, 'activationByStaff', now)
      await tell(unit, account, 'activation', doing)
    },
    async letter(unit, account, now, doing) {
      // As the member's own wish: under the lock of the number, so that two who ask at once ask for one letter.
      await unit.letters.lockNumber(account.insuranceNumberHashes)
      if ((await unit.accounts.holdState(account.id)) !== 'letter_posted') throw refuse('state')
      if (await unit.letters.findWaiting(account.id)) throw refuse('letter_waits')
      const allowedFrom = await letters.allowedAt(unit, account, now)
      if (allowedFrom > now) throw limited(allowedFrom)
      const { letterDay } = await letters.request(unit, account, 'unlock_code', { now, actor: doing.actor })
      await tell(unit, account, 'letter', doing, { template: 'letterByStaff', params: { letterDay } })
    },
    async 'clear-pause'(unit, account, _now, doing) {
      // Of two who clear it at once one does.
      await unit.accounts.holdState(account.id)
      const key = failuresKey(hash, account.username)
      const [signIn, code] = await Promise.all([
        limits.signInFailures.blockedUntil(key),
        limits.wrongUnlockCode.blockedUntil(account.id),
      ])
      if (!signIn && !code) throw refuse('no_pause')
      const until = await limits.clearedPauses.use(account.id)
      if (until) throw limited(until)
      await tell(unit, account, 'clear-pause', doing, { template: 'pauseClearedByStaff' })
      // Last: counters may lie outside the database, and what is not written down must not be done.
      if (signIn) await limits.signInFailures.reset(key)
      if (code) await limits.wrongUnlockCode.reset(account.id)
    },
    async 'sign-out'(unit, account, _now, doing) {
      if (!(await unit.accounts.signOutEverywhere(account.id))) throw refuse('state')
      await tell(unit, account, 'sign-out', doing, { template: 'signedOutByStaff' })
    },
    async suspend(unit, account, now, doing) {
      if (!(await unit.accounts.suspend(account.id, 'staff', now))) throw refuse('state')
      const { id: accountId } = account
      await unit.audit.accountSuspended({ at: now, actor: doing.actor, accountId, reason: 'staff' })
      await tell(unit, account, 'suspend', doing, { template: 'suspendedByStaff' })
    },
    async lift(unit, account, now, doing) {
      // Only what staff suspended: a death or a guardian goes with the register alone.
      if (!(await unit.accounts.resume(account.id, 'staff', now))) throw refuse('state')
      await unit.audit.accountResumed({ at: now, actor: doing.actor, accountId: account.id })
      await tell(unit, account, 'lift', doing, { template: 'liftedByStaff' })
    },
  }

  return {
    /** Does one act, whole or not at all. */
    async do(act: HelpAct, accountId: string, doing: Doing): Promise<ActOutcome> {
      try {
        await transaction(async (unit) => {
          const account = await unit.accounts.find(accountId)
          if (!account) throw refuse('unknown')
          await acts[act](unit, account, clock.now(), doing)
        })
        return { outcome: 'done' }
      } catch (thrown) {
        if (thrown instanceof Abandon) return thrown.value as ActOutcome
        throw thrown
      }
    },
    /**
     * The part of an approved act: the account ends for good, and the register does not open it again. Only accounts that have been
     * active end; a registration goes by its own deadlines. @throws Abandon when it has ended meanwhile
     */
    async end(unit: UnitOfWork, accountId: string, doing: Doing): Promise<void> {
      const account = await unit.accounts.find(accountId)
      if (!account) throw refuse('unknown')
      const at = clock.now()
      if (!(await unit.accounts.end(accountId, at, 'staff'))) throw refuse('state')
      await unit.audit.accountEnded({ at, actor: doing.actor, accountId, reason: 'staff' })
      const lastDay = endedLastDay(at, settings)
      await tell(unit, account, 'end', doing, { template: 'endedByStaff', params: { lastDay } })
    },
  }
}

/** The day until which an account that ends now is kept. */
const endedLastDay = (at: Date, { deadlines }: HelpDeskSettings) => addDays(berlinDay(at), deadlines.endedAccountDays)
