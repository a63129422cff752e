import { maskEmail } from '../domain/email-address.ts'
import { type BounceReason, classifyBounce, isHardBounce } from '../domain/email-bounce.ts'
import type { Clock } from '../gateways/clock.ts'
import type { BounceReport } from '../gateways/email-bounce-reports.ts'
import type { Stores } from '../stores/index.ts'
import type { Transaction } from '../stores/transaction.ts'
import type { MailPayload } from './registration-mails.ts'

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
  return {
    /**
     * Notes a report of a mail server or relay; answers how many accounts were marked anew. The message counts; the address
     * alone only where the report names no message that we still know.
     */
    async report({ messageId, address, status, replyCode }: BounceReport): Promise<number> {
      const reason = classifyBounce(status, replyCode)
      for (const about of [messageId && { messageId }, address && { address }]) {
        const accounts = about ? await stores.emailBounces.accountsOf(about) : []
        if (!about || accounts.length === 0) continue
        let marked = 0
        for (const accountId of accounts) if (await mark(accountId, about, reason)) marked++
        return marked
      }
      return 0
    },
    /** Notes that the relay itself refused the recipient. */
    async refused(accountId: string, address: string, error: unknown): Promise<void> {
      const { status, responseCode } = error as { status?: string; responseCode?: number }
      await mark(accountId, { address }, classifyBounce(status, responseCode))
    },
    /**
     * Whether an e-mail would come back: the address is marked and has not changed. An activation e-mail is tried all the same,
     * because the member has asked for it anew.
     */
    async comesBack(
      accountId: string | null,
      { to, template }: Pick<MailPayload, 'to' | 'template'>,
    ): Promise<boolean> {
      if (!accountId || template === 'activation') return false
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
