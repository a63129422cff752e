import { auditTypes } from '../../../audit/events.ts'
import { accountMoves } from '../../../domain/account-state.ts'
import { berlinDay, isPast } from '../../../domain/calendar.ts'
import { memberDeadlines } from '../../../domain/member-deadlines.ts'
import type { Account } from '../../../stores/accounts/accounts.ts'
import { asSeenByInsurer } from '../standing.ts'
import type { HelpAct } from './acts.ts'
import { maskedData } from './masks.ts'
import { failuresKey, type HelpDeskSettings } from './settings.ts'

/** Rows that a page shows of each kind; what is older stands in the audit log. */
const most = { letters: 20, messages: 30, browsers: 20, history: 25 }

/** What the history of an account tells staff: sign-ins and what hindered them, what became of it, and what staff did. */
const told = [
  ...auditTypes.registration,
  ...auditTypes.signIn,
  ...auditTypes.account,
  ...['mtan_rejected', 'unlock_code_rejected', 'unlock_code_accepted', 'email_bounced', 'message_undeliverable'],
  ...['member_looked_up', 'member_data_revealed', 'caller_identified', 'help_given'],
]

export type MemberPage = NonNullable<Awaited<ReturnType<ReturnType<typeof createMemberPages>>>>

/** Creates what one page shows of a member: where he stands, every date, what was sent, and nothing personal in clear. */
export function createMemberPages(settings: HelpDeskSettings) {
  const { stores, clock, deadlines, limits, hash } = settings

  /** From when a further letter may go, while one can be asked for. */
  async function nextLetterFrom(account: Account, now: Date): Promise<Date | null> {
    if (account.state !== 'letter_posted') return null
    return await settings.letters.allowedAt(stores, account, now)
  }
  /** A page of the history; `before`: the row behind which it begins. */
  async function history(accountId: string, before?: string) {
    const events = await stores.auditEvents.pageOfAccount(accountId, {
      ...{ types: told, before, limit: most.history + 1 },
    })
    const shown = events.slice(0, most.history)
    return { events: shown, older: events.length > shown.length ? (shown.at(-1)?.id ?? null) : null }
  }
  async function consents(accountId: string) {
    const given = await stores.consents.list(accountId)
    return await Promise.all(
      given.map(async ({ clientId, scopes, grantedAt }) => ({
        ...{ clientId, scopes, grantedAt },
        name: (await settings.applicationName(clientId)) ?? clientId,
      })),
    )
  }
  async function messages(accountId: string) {
    const [sent, receipts] = await Promise.all([
      stores.messages.wayOf(accountId, most.messages),
      stores.smsReceipts.ofAccount(accountId),
    ])
    // Of several submissions of one SMS the newest counts; they come newest first.
    const states = new Map(receipts.toReversed().map(({ messageId, state }) => [messageId, state]))
    return sent.map((message) => ({ ...message, receipt: states.get(message.id) ?? null }))
  }
  return async (accountId: string, { before }: { before?: string | undefined } = {}) => {
    const found = await stores.accounts.findWithPerson(accountId)
    if (!found) return null
    const { account } = found
    const now = clock.now()
    const person = asSeenByInsurer(found.person, account)
    const [letters, sent, browsers, given, past, signInPause, codePause, answers, next, waiting] = await Promise.all([
      stores.letters.wayOf(accountId, most.letters),
      messages(accountId),
      stores.browsers.list(accountId, most.browsers),
      consents(accountId),
      history(accountId, before),
      limits.signInFailures.blockedUntil(failuresKey(hash, account.username)),
      limits.wrongUnlockCode.blockedUntil(accountId),
      limits.answers.exhaustedUntil(accountId),
      nextLetterFrom(account, now),
      stores.letters.findWaiting(accountId),
    ])
    const pauses = { signIn: signInPause, unlockCode: codePause }
    const dated = { ...account, stateChangedOn: berlinDay(account.stateChangedAt) }
    return {
      ...standingOf(account),
      data: maskedData(account, found.person),
      deadlines: memberDeadlines(dated, { person, nextLetterFrom: next }, deadlines),
      ...{ pauses, letters, messages: sent, browsers, consents: given, history: past },
      question: settings.securityQuestions.find(({ id }) => id === account.securityQuestion) ?? null,
      answersFrom: answers,
      acts: possibleActs(account, { now, pauses, letterWaits: waiting !== null }),
      mayEnd: account.activeSince !== null && isOneOf(accountMoves.end.from, account.state),
    }
  }
}

/** Where an account is on its way, without personal data. */
function standingOf(account: Account) {
  const { id, state, suspensionReason, endReason, stateChangedAt, registeredAt, activatedAt } = account
  const { activeSince, lastSignInAt, emailBounce, language } = account
  return {
    ...{ id, state, suspensionReason, endReason, stateChangedAt, registeredAt, activatedAt },
    ...{ activeSince, lastSignInAt, emailBounce, language },
  }
}

type Circumstances = { now: Date; pauses: Record<string, Date | null>; letterWaits: boolean }

/** What could be done now; each act looks again when it is done. */
function possibleActs(account: Account, { now, pauses, letterWaits }: Circumstances): HelpAct[] {
  const { state, suspensionReason } = account
  const possible: Record<HelpAct, boolean> = {
    activation: state === 'pending_activation' && !isPast(account.activationLastDay, now),
    letter: state === 'letter_posted' && !letterWaits,
    'clear-pause': Object.values(pauses).some(Boolean),
    'sign-out': state === 'active',
    suspend: isOneOf(accountMoves.suspend.from, state),
    lift: state === 'suspended' && suspensionReason === 'staff',
  }
  return (Object.keys(possible) as HelpAct[]).filter((act) => possible[act])
}

const isOneOf = (states: readonly string[], state: string) => states.includes(state)
