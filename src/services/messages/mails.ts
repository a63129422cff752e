import type { Random } from '../../crypto/random.ts'
import type { MailTemplate } from '../../gateways/email/mails.ts'
import type { Account } from '../../stores/accounts/accounts.ts'
import type { UnitOfWork } from '../../stores/transaction.ts'

/** An e-mail as it waits in the outbox; its text is made when it is sent. */
export type MailPayload = {
  template: MailTemplate
  to: string
  language: string
  params: Record<string, string | number>
}

type Recipient = Pick<Account, 'id' | 'email' | 'language' | 'activationLastDay'>

export type MailService = ReturnType<typeof createMailService>

/** Creates the e-mails to members: each is written to the outbox in the transaction of its cause. */
export function createMailService({ random, issuer }: { random: Random; issuer: string }) {
  const send = (
    unit: UnitOfWork,
    to: Pick<Recipient, 'id' | 'email' | 'language'>,
    template: MailTemplate,
    params: MailPayload['params'],
    now: Date,
  ) => {
    const payload: MailPayload = { template, to: to.email, language: to.language, params }
    // E-mails about one account are read as a story: a later one never overtakes an earlier one.
    const place = { accountId: to.id, order: `account:${to.id}`, recipient: to.email }
    return unit.send({ kind: 'email', payload, ...place }, now)
  }
  return {
    send,
    /** Sends an activation link; earlier links of the registration stay usable to the same day. */
    async sendActivationLink(
      unit: UnitOfWork,
      account: Recipient,
      template: 'activation' | 'activationReminder' | 'activationByStaff',
      now: Date,
      reminder = 0,
    ): Promise<void> {
      const token = random.token()
      await unit.activationLinks.issue(token, account.id, account.activationLastDay)
      await send(
        unit,
        account,
        template,
        { link: new URL(`/aktivierung/${token}`, issuer).href, lastDay: account.activationLastDay },
        now,
      )
      await unit.audit.activationLinkSent({ at: now, accountId: account.id, reminder })
    },
  }
}
