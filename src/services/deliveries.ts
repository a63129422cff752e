import type { Clock } from '../gateways/clock.ts'
import type { EmailGateway } from '../gateways/email.ts'
import type { RenderedMail } from '../gateways/mails.ts'
import type { SmsGateway } from '../gateways/sms.ts'
import type { Stores } from '../stores/index.ts'
import type { StoredMessage } from '../stores/messages.ts'
import type { Transaction } from '../stores/transaction.ts'
import type { MailPayload } from './registration-mails.ts'

type Settings = {
  stores: Stores
  transaction: Transaction
  clock: Clock
  email: EmailGateway
  sms: SmsGateway
  renderMail(payload: MailPayload): RenderedMail
  /** Sends a logout token to an application (OpenID Connect Back-Channel Logout, 2.5). */
  sendLogoutToken(payload: { url: string; logoutToken: string }): Promise<void>
}

/** Creates the delivery of messages from the outbox: each is sent while it is open and blanked afterwards. */
export function createDeliveryService(settings: Settings) {
  const { stores, clock, transaction } = settings
  return {
    /** Sends one message; a message that is done, blanked or too old is left alone. */
    async deliver(messageId: string): Promise<void> {
      const message = await stores.messages.open(messageId)
      if (!message) return
      if (message.expiresAt && message.expiresAt <= clock.now())
        return void (await stores.messages.gaveUp(messageId, 'expired', clock.now()))
      await send(settings, message)
      await stores.messages.delivered(messageId, clock.now())
    },
    async giveUp(messageId: string, failure: string): Promise<void> {
      const message = await stores.messages.open(messageId)
      if (!message) return
      await transaction(async (unit) => {
        await unit.messages.gaveUp(messageId, failure.slice(0, 200), clock.now())
        const kind = message.kind === 'sms' ? 'sms' : 'email'
        if (message.kind === 'sms' || message.kind === 'email')
          await unit.audit.messageUndeliverable({ at: clock.now(), kind, purpose: purposeOf(message) })
      })
    },
  }
}

const purposeOf = (message: StoredMessage) => (message.payload as { template?: string }).template ?? 'mtan'

async function send(settings: Settings, message: StoredMessage): Promise<void> {
  if (message.kind === 'discarded') return
  if (message.kind === 'email') {
    const payload = message.payload as MailPayload
    const link = typeof payload.params.link === 'string' ? payload.params.link : undefined
    return await settings.email.send({ id: message.id, to: payload.to, link, ...settings.renderMail(payload) })
  }
  if (message.kind === 'sms')
    return await settings.sms.send({
      id: message.id,
      expiresAt: message.expiresAt,
      ...(message.payload as { to: string; text: string }),
    })
  if (message.kind === 'print_run') throw new Error('no hand-over of print runs yet')
  await settings.sendLogoutToken(message.payload as { url: string; logoutToken: string })
}
