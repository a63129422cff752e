import type { SmsRecord } from '../../stores/messages/sms-receipts.ts'
import { type CliCommand, UsageError } from '../frame.ts'
import { withServices } from '../with-services.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Shows support what became of the SMS of an account; no number stands in it. */
export const smsReceipts: CliCommand = {
  name: 'sms:receipts',
  description: 'show what became of the SMS of an account in the last 90 days, newest first, 100 at most',
  define: (command) => command.argument('<account id>'),
  run: ([accountId = ''], _options, io) => {
    if (!uuid.test(accountId)) throw new UsageError('An account id looks like 0f8fad5b-d9cb-469f-a165-70867728950e.')
    return withServices(io, async ({ stores }) => {
      const receipts = await stores.smsReceipts.ofAccount(accountId)
      const text = receipts.length > 0 ? receipts.map(toLine).join('\n') : 'No SMS of this account is known.'
      return { exitCode: 0, text, json: { receipts: receipts.map(describe) } }
    })
  },
}

const describe = ({ messageId, sentAt, purpose, country, gateway, state, failure, changedAt }: SmsRecord) => ({
  ...{ messageId, sentAt, purpose, country, gateway, state, failure, changedAt },
})

const toLine = ({ sentAt, purpose, country, gateway, state, failure, changedAt }: SmsRecord) =>
  [
    sentAt.toISOString(),
    purpose.padEnd(12),
    country,
    gateway.padEnd(12),
    `${state} ${changedAt.toISOString()}`,
    failure ?? '',
  ]
    .join('  ')
    .trimEnd()
