import { berlinDay, isPast } from '../../domain/calendar.ts'
import { parseUsername } from '../../domain/input/username.ts'
import { PublicError } from '../../errors.ts'
import type { Account } from '../../stores/accounts/accounts.ts'
import type { UnitOfWork } from '../../stores/transaction.ts'
import type { Deps, LimitsOf, StoresOf } from '../deps.ts'
import type { Input, Step, StepRequest, Submission } from '../journey.ts'
import { provedNow } from '../proving.ts'
import type { SignInState } from './state.ts'

export type PasswordDeps = Pick<
  Deps,
  | 'transaction'
  | 'hasher'
  | 'hash'
  | 'clock'
  | 'protocolClock'
  | 'random'
  | 'mails'
  | 'browserLinkLifetime'
  | 'unknownNameHash'
  | 'issuer'
> &
  StoresOf<'accounts' | 'browsers' | 'letters'> &
  LimitsOf<'signInAddress' | 'signInFailures' | 'knownBrowserFailures' | 'browserLink'>

/**
 * Benutzername und Passwort (seed, 4 and 5). Unknown name and wrong password give one answer in one time;
 * failures count per name, known or not, and in a lane of its own for each known browser (security.md).
 */
export const passwordStep: Step<SignInState, 'password', PasswordDeps> = {
  path: 'passwort',
  keeps: ['username'],
  show: (_state, _deps, request) => ({ values: { username: request.loginHint ?? '' } }),
  async submit(input, _state, deps, request) {
    const tooFast = await deps.limits.signInAddress.use(request.address)
    const sender = await identify(input, deps, request)
    const { name, account, browserKnown, lane } = sender
    // A known browser is bound by its own lane only: whoever shares its address can use up what belongs to the address.
    if (tooFast && !browserKnown)
      return { blockedUntil: tooFast, view: 'sign-in/paused', model: { canSendLink: false } }
    const pausedUntil = await lane.limit.use(lane.key)
    if (pausedUntil) {
      // Beyond what the address may send, no refusal leaves a row in the audit log.
      if (!tooFast) await recordPause(deps, account, pausedUntil, name)
      return { blockedUntil: pausedUntil, view: 'sign-in/paused', model: { canSendLink: true, username: name } }
    }

    const uncount = async () => {
      await Promise.all([
        lane.limit.giveBack(lane.key),
        !tooFast && deps.limits.signInAddress.giveBack(request.address),
      ])
    }
    const right = await verify(input, deps, sender, request).catch(async (error) => {
      // Nothing was compared, so nothing was wrong: a flood of the queue pauses nobody.
      await uncount()
      throw error
    })
    if (!right || !account) return await wrong(deps, account, name)
    await uncount()
    await rehashWhenOutdated(deps, account, input.password ?? '')
    // Before any mTAN goes out: nothing that this person could do would answer the request.
    if (request.isFor && !request.isFor(account.id)) return { outcome: 'otherPerson', data: {} }
    return await route(deps, account, browserKnown)
  },
  actions: {
    /** During a pause: a link to the account's address makes this browser known. The answer is the same for unknown names. */
    async browserLink(input, _state, deps, request) {
      return await sendBrowserLink(input, deps, request)
    },
  },
}

type Sender = Awaited<ReturnType<typeof identify>>

/** Finds whose name it is, and the lane that failures of this browser count in. */
async function identify(input: Input, deps: PasswordDeps, request: StepRequest) {
  const username = parseUsername(input.username ?? '')
  const name = username.ok ? username.value : (input.username ?? '').slice(0, 200)
  // No account has an empty name; asked for all, so that each takes the same work.
  const sender = await deps.stores.accounts.findSender(username.ok ? username.value : '', request.browser)
  const { account, browserKnown } = sender
  return { name, account, browserKnown, lane: failureLane(deps, name, browserKnown, request) }
}

/** A known browser has its lane of failures, so that it needs no place among the others of its address. */
async function verify(input: Input, deps: PasswordDeps, { account, browserKnown }: Sender, request: StepRequest) {
  const password = (input.password ?? '').normalize('NFC').slice(0, 1024)
  return await deps.hasher.verify(password, account?.passwordHash ?? null, browserKnown ? undefined : request.address)
}

function failureLane(deps: PasswordDeps, name: string, browserKnown: boolean, request: StepRequest) {
  return browserKnown
    ? { limit: deps.limits.knownBrowserFailures, key: deps.hash.hash(`${name}\0${request.browser}`, 'limit:browser') }
    : { limit: deps.limits.signInFailures, key: deps.hash.hash(name, 'limit:username') }
}

async function wrong(deps: PasswordDeps, account: Account | null, name: string): Promise<Submission<SignInState>> {
  await deps.transaction((unit) =>
    unit.audit.signInFailed({
      at: deps.clock.now(),
      accountId: account?.id,
      reason: account ? 'password' : 'unknown_name',
      nameHash: account ? undefined : deps.unknownNameHash(name),
    }),
  )
  return { invalid: { username: 'wrong', password: 'wrong' } }
}

async function recordPause(deps: PasswordDeps, account: Account | null, until: Date, username: string): Promise<void> {
  const now = deps.clock.now()
  const seconds = Math.ceil((until.getTime() - now.getTime()) / 1000)
  await deps.transaction((unit) =>
    unit.audit.signInPaused({
      at: now,
      accountId: account?.id,
      seconds,
      nameHash: account ? undefined : deps.unknownNameHash(username),
    }),
  )
}

async function rehashWhenOutdated(deps: PasswordDeps, account: Account, password: string): Promise<void> {
  if (!deps.hasher.isOutdated(account.passwordHash)) return
  try {
    const fresh = await deps.hasher.hash(password.normalize('NFC'))
    await deps.stores.accounts.updatePasswordHash(account.id, account.passwordHash, fresh)
  } catch (error) {
    // The queue is full: this sign-in goes on, a later one hashes anew.
    if (!(error instanceof PublicError && error.code === 'unavailable')) throw error
  }
}

/** Where the right password leads, by the account's state (mission.md, "Account states"). */
async function route(deps: PasswordDeps, account: Account, browserKnown: boolean): Promise<Submission<SignInState>> {
  const now = deps.clock.now()
  const person = { accountId: account.id, browserKnown, proofs: { password: provedNow(deps, account) } }
  switch (account.state) {
    case 'pending_activation':
      return isPast(account.activationLastDay, now)
        ? { invalid: { username: 'wrong', password: 'wrong' } }
        : { outcome: 'notActivated', data: person }
    case 'awaiting_letter':
      return { outcome: 'awaitingLetter', data: person }
    case 'letter_posted': {
      const usable = await deps.stores.letters.findUsable(account.id, berlinDay(now))
      if (usable.length > 0) return { outcome: 'firstSignIn', data: person }
      const waiting = await deps.stores.letters.findWaiting(account.id)
      if (waiting) return { outcome: 'awaitingLetter', data: person }
      return { outcome: 'codeExpired', data: { ...person, way: 'newLetter', sending: null } }
    }
    // One page for all three: a password alone tells nobody of a guardian, a death or the end of an insurance.
    case 'active':
    case 'suspended':
    case 'ended':
      return { outcome: 'laterSignIn', data: { ...person, way: 'laterSignIn', sending: null }, account }
  }
}

async function sendBrowserLink(
  input: Input,
  deps: PasswordDeps,
  request: StepRequest,
): Promise<Submission<SignInState>> {
  const tooFast = await deps.limits.signInAddress.use(request.address)
  if (tooFast) return { blockedUntil: tooFast, view: 'sign-in/paused', model: { canSendLink: false } }
  const { name, account, lane } = await identify(input, deps, request)
  const common = await deps.limits.signInFailures.blockedUntil(deps.hash.hash(name, 'limit:username'))
  // A known browser whose lane is used up needs a link, too: somebody else may have a copy of its cookie.
  const paused = common ?? (await lane.limit.blockedUntil(lane.key))
  // Counted during a pause only: who presses before it uses up no link of the owner. Those of the limit are in her mailbox, and valid.
  const exhausted = paused && (await deps.limits.browserLink.use(deps.hash.hash(name, 'limit:browser-link')))
  const recipient = paused && !exhausted ? account : null
  await deps.transaction((unit) => (recipient ? sendLink(deps, unit, recipient) : sendNothing(deps, unit)))
  return { outcome: 'browserLinkSent', data: {} }
}

async function sendLink(deps: PasswordDeps, unit: UnitOfWork, account: Account): Promise<void> {
  const now = deps.clock.now()
  const token = deps.random.token()
  const expiresAt = new Date(now.getTime() + deps.browserLinkLifetime * 1000)
  await unit.browsers.issueLink(token, account.id, expiresAt)
  const params = { link: new URL(`/geraet/${token}`, deps.issuer).href, until: expiresAt.toISOString() }
  await deps.mails.send(unit, account, 'browserLink', params, now)
  await unit.audit.browserLinkSent({ at: now, accountId: account.id })
}

/** The same work without a recipient: the time tells nothing about the name. */
async function sendNothing(deps: PasswordDeps, unit: UnitOfWork): Promise<void> {
  const now = deps.clock.now()
  await unit.browsers.isLinkUsable(deps.random.token(), now)
  await unit.send({ kind: 'discarded', payload: { link: deps.random.token() }, expiresAt: now }, now)
  await unit.audit.signInFailed({ at: now, reason: 'link_without_account' })
}
