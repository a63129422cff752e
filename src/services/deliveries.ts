import type { EmailGateway } from '../gateways/email.ts'
import type { RenderedMail } from '../gateways/mails.ts'
import type { Sms, SmsGateway } from '../gateways/sms.ts'
import type { ClaimedMessage } from '../stores/message-claims.ts'
import type { MessageKind } from '../stores/messages.ts'
import type { BounceService } from './bounces.ts'
import { createDeliveryEnds, type DeliveryEndSettings, type DeliveryRule, failureCode } from './delivery-ends.ts'
import type { MailPayload } from './registration-mails.ts'

type Settings = DeliveryEndSettings & {
  email: EmailGateway
  sms: SmsGateway
  renderMail(payload: MailPayload): RenderedMail
  /** Sends a logout token to an application (OpenID Connect Back-Channel Logout, 2.5). */
  sendLogoutToken(payload: { url: string; logoutToken: string }): Promise<void>
  bounces: Pick<BounceService, 'refused' | 'comesBack'>
}

/** Seconds that a claim lasts beyond the longest try: for what lies between claiming and sending. */
export const claimReserve = 30

/** Creates the delivery of messages from the outbox: each is sent by whoever holds its claim, noted, and blanked. */
export function createDeliveryService(settings: Settings) {
  const { stores, clock, rules } = settings
  const ends = createDeliveryEnds(settings)
  return {
    claim: (kinds: readonly MessageKind[], limit: number, lease: number) =>
      stores.messageClaims.claim(kinds, limit, lease, clock.now()),
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
        await within(rule.timeout, send(settings, message, payload), () => ends.deliveredLate(message))
      } catch (error) {
        return await ends.failed(message, error, payload)
      }
      await ends.delivered(message)
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

async function send(settings: Settings, message: ClaimedMessage, payload: unknown): Promise<void> {
  const { id, kind, expiresAt } = message
  if (kind === 'email') {
    const mail = payload as MailPayload
    const link = typeof mail.params.link === 'string' ? mail.params.link : undefined
    return await settings.email.send({ id, to: mail.to, link, ...settings.renderMail(mail) })
  }
  if (kind === 'sms') {
    // The gateways see until when the SMS is of use.
    return await settings.sms.send({ ...(payload as Omit<Sms, 'id' | 'expiresAt'>), id, expiresAt })
  }
  await settings.sendLogoutToken(payload as { url: string; logoutToken: string })
}

/**
 * Waits for a try at most `seconds`. One that hangs keeps its claim, so that nobody sends beside it; should it succeed after
 * all, `late` notes it.
 * @throws DeliveryTimeout
 */
async function within(seconds: number, attempt: Promise<void>, late: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const bound = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error('no answer in time'), { code: 'HANGS' })), seconds * 1000)
  })
  try {
    await Promise.race([attempt, bound])
  } catch (error) {
    if (failureCode(error).includes('HANGS')) attempt.then(late).catch(() => {})
    throw error
  } finally {
    clearTimeout(timer)
  }
}
