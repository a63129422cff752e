import { maskEmail } from '../../domain/input/email-address.ts'
import { type BounceReason, isHardBounce, worstOf } from '../../domain/messages/email-bounce.ts'
import type { Clock } from '../../gateways/clock.ts'
import type { DeliveryStatus } from '../../gateways/email/delivery-status.ts'
import type { BounceReport } from '../../gateways/email/email-bounce-reports.ts'
import type { Stores } from '../../stores/index.ts'
import type { Transaction } from '../../stores/transaction.ts'
import type { MailPayload } from './mails.ts'

/** Which e-mail came back: by its Message-ID (without domain), or by the address alone. */
type BounceAbout = { messageId: string } | { address: string }

export type BounceService = ReturnType<typeof createBounceService>

type Settings = { stores: Stores; transaction: Transaction; clock: Clock }

/** Creates what happens when e-mails come back: the address is marked, a hard bounce ends further e-mails to it. */
export function createBounceService({ stores, transaction, clock }: Settings) {
  async function mark(accountId: string, about: BounceAbout, reason: BounceReason): Promise<boolean> {
    const at = clock.now()
    return await transaction(async (unit) => {
      if ((await unit.emailBounces.mark(accountId, about, reason, at)) !== 'marked') return false
      if (isHardBounce(reason)) await unit.audit.emailBounced({ at, accountId, reason })
      return true
    })
  }
  async function markAll(about: BounceAbout, reason: BounceReason): Promise<number | undefined> {
    const accounts = await stores.emailBounces.accountsOf(about)
    let marked = 0
    for (const accountId of accounts) if (await mark(accountId, about, reason)) marked++
    return accounts.length > 0 ? marked : undefined
  }
  /** Undefined when there is no such message. An address behind ours, to which its mailbox forwards, says nothing about ours. */
  async function markMessage(messageId: string, failures: DeliveryStatus['failures']): Promise<number | undefined> {
    const ours: BounceReason[] = []
    for (const { recipient, reason } of failures)
      if (!recipient || (await stores.emailBounces.wasSentTo(messageId, recipient)) !== false) ours.push(reason)
    const reason = worstOf(ours)
    return reason === undefined ? 0 : await markAll({ messageId }, reason)
  }
  return {
    /** Notes what a mail server has sent back; answers how many accounts were marked anew. Only the message counts. */
    async returned({ messageId, failures }: DeliveryStatus): Promise<number> {
      return messageId === undefined ? 0 : ((await markMessage(messageId, failures)) ?? 0)
    },
    /**
     * Notes a report of our relay; answers how many accounts were marked anew. The message counts; the address alone only where
     * the report names no message that we still know.
     */
    async report({ messageId, address, reason }: BounceReport): Promise<number> {
      const failures = [{ recipient: address, reason }]
      const byMessage = messageId === undefined ? undefined : await markMessage(messageId, failures)
      return byMessage ?? (address === undefined ? undefined : await markAll({ address }, reason)) ?? 0
    },
    /** Notes that the relay itself refused the recipient. */
    async refused(accountId: string, address: string, reason: BounceReason): Promise<void> {
      await mark(accountId, { address }, reason)
    },
    /**
     * Whether an e-mail would come back: the address is marked and has not changed. An activation e-mail is tried all the same,
     * because the member has asked for it anew.
     */
    async comesBack(
      accountId: string | null,
      { to, template }: Pick<MailPayload, 'to' | 'template'>,
    ): Promise<boolean> {
      if (!accountId || template === 'activation' || template === 'activationByStaff') return false
      const account = await stores.accounts.find(accountId)
      if (!account?.emailBounce || !isHardBounce(account.emailBounce.reason)) return false
      return account.email.toLowerCase() === to.toLowerCase()
    },
    /** Accounts whose e-mail came back, for support: masked addresses, the newest first. */
    async list(limit = 1000) {
      const accounts = await stores.emailBounces.list(limit)
      return accounts.map(({ email, ...account }) => ({ ...account, email: maskEmail(email) }))
    },
  }
}
