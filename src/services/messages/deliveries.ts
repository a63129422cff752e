import type { EmailGateway } from '../../gateways/email/email.ts'
import type { RenderedMail } from '../../gateways/email/mails.ts'
import type { SmsAnswer } from '../../gateways/sms/driver.ts'
import type { Sms, SmsGateway } from '../../gateways/sms/sms.ts'
import type { ClaimedMessage } from '../../stores/messages/message-claims.ts'
import type { MessageKind } from '../../stores/messages/messages.ts'
import type { BounceService } from './bounces.ts'
import { createDeliveryEnds, type DeliveryEndSettings, type DeliveryRule, failureCode } from './delivery-ends.ts'
import type { MailPayload } from './mails.ts'

export type DeliveryService = ReturnType<typeof createDeliveryService>

type Settings = DeliveryEndSettings & {
  email: EmailGateway
  sms: SmsGateway
  renderMail(payload: MailPayload): RenderedMail
  /** Sends a logout token to an application (OpenID Connect Back-Channel Logout, 2.5). */
  sendLogoutToken(payload: { url: string; logoutToken: string }): Promise<void>
  bounces: Pick<BounceService, 'refused' | 'comesBack'>
}

/** Seconds that a claim lasts beyond the usual time of a try: for what lies between claiming and sending. */
export const claimReserve = 30

/** A try that takes so many times its usual time hangs, and is ended. */
const patience = 3

/** Creates the delivery of messages from the outbox: each is sent by whoever holds its claim, noted, and blanked. */
export function createDeliveryService(settings: Settings) {
  const { stores, clock, rules } = settings
  const ends = createDeliveryEnds(settings)
  return {
    claim: (kinds: readonly MessageKind[], limit: number, lease: number) =>
      stores.messageClaims.claim(kinds, limit, lease, clock.now()),
    claimThese: (ids: readonly string[], lease: number) => stores.messageClaims.claimThese(ids, lease, clock.now()),
    /** Sends a claimed message and notes how it ended. What has expired is given up, not sent. */
    async deliver(message: ClaimedMessage): Promise<void> {
      if (message.kind === 'discarded') return void (await stores.messageClaims.delivered(message, clock.now()))
      const rule = rules[message.kind]
      if (isOver(message, rule, clock.now())) return await ends.giveUp(message, 'expired')
      let payload: unknown
      try {
        payload = message.payload()
        if (message.kind === 'email' && (await settings.bounces.comesBack(message.accountId, payload as MailPayload)))
          return await ends.giveUp(message, 'bounced')
        // A process that was halted so long must not send beside whoever has taken the message over.
        if (performance.now() - message.claimedAt > claimReserve * 1000) return
        await held((signal) => send(settings, message, payload, signal), {
          lease: message.lease,
          longest: rule.timeout * patience,
          renew: () => stores.messageClaims.renew(message),
          late: () => ends.delivered(message),
        })
      } catch (error) {
        return await ends.failed(message, error, payload)
      }
      await ends.delivered(message)
    },
    /** Notes the late answer to an SMS that was in doubt: it was taken, or the next try need not wait any more. */
    async answeredLate(id: string, answer: SmsAnswer): Promise<void> {
      if (answer.outcome === 'accepted') return await ends.deliveredLate(id)
      // Without an answer it may still arrive; a refusal means that it does not.
      if (answer.outcome !== 'unknown') await stores.messageClaims.stayedHere(id)
      await stores.messageClaims.hasten(id)
    },
    /** Ends what is overdue, also what no process has ever looked at; answers how many messages. */
    expireOverdue: () => ends.expireOverdue(),
  }
}

/** An mTAN must have arrived before it ends: the time that a try may take counts (security.md, "mTAN"). */
function isOver({ kind, expiresAt }: ClaimedMessage, rule: DeliveryRule, now: Date): boolean {
  if (!expiresAt) return false
  const margin = kind === 'sms' ? rule.timeout * 1000 : 0
  return expiresAt.getTime() - margin <= now.getTime()
}

/** Only an e-mail can take longer than its time (SMS gateways and applications are bounded): `signal` ends it. */
async function send(settings: Settings, message: ClaimedMessage, payload: unknown, signal: AbortSignal): Promise<void> {
  const { id, kind, expiresAt } = message
  if (kind === 'email') {
    const mail = payload as MailPayload
    const link = typeof mail.params.link === 'string' ? mail.params.link : undefined
    return await settings.email.send({ id, to: mail.to, link, ...settings.renderMail(mail) }, signal)
  }
  if (kind === 'sms') {
    // The gateways see until when the SMS is of use.
    return await settings.sms.send({ ...(payload as Omit<Sms, 'id' | 'expiresAt'>), id, expiresAt })
  }
  await settings.sendLogoutToken(payload as { url: string; logoutToken: string })
}

/** How a try is held; `lease` and `longest` in seconds. */
type Hold = { lease: number; longest: number; renew(): Promise<boolean>; late(): Promise<void> }

/**
 * Waits for the end of a try. Meanwhile `renew` keeps its claim, so that nobody sends beside it; the try is told to end when
 * the claim is lost, and after `longest` seconds, when it has failed. Should it succeed after all, `late` notes it.
 * @throws Error of code `HANGS`, or that of the try
 */
async function held(start: (signal: AbortSignal) => Promise<void>, hold: Hold): Promise<void> {
  const { longest, late } = hold
  const abort = new AbortController()
  let bound: NodeJS.Timeout | undefined
  const hangs = new Promise<never>((_resolve, reject) => {
    bound = setTimeout(() => {
      reject(Object.assign(new Error('no answer in time'), { code: 'HANGS' }))
      abort.abort()
    }, longest * 1000)
  })
  const renewing = keepClaim(hold, abort)
  const attempt = start(abort.signal)
  try {
    await Promise.race([attempt, hangs])
  } catch (error) {
    if (failureCode(error).includes('HANGS')) attempt.then(late).catch(() => {})
    throw error
  } finally {
    clearTimeout(bound)
    clearInterval(renewing)
  }
}

function keepClaim({ lease, renew }: Hold, abort: AbortController): NodeJS.Timeout {
  const keep = async () => {
    // A database that does not answer is no reason to break off what is on its way.
    if (!(await renew().catch(() => true))) abort.abort()
  }
  return setInterval(keep, (lease * 1000) / 3)
}
