import { fileURLToPath } from 'node:url'
import { createSystemClock } from '../../gateways/clock.ts'
import { renderMail } from '../../gateways/email/mails.ts'
import { createLimiter } from '../../gateways/limiter.ts'
import { sendLogoutToken } from '../../gateways/logout-tokens.ts'
import type { SmsGateway } from '../../gateways/sms/sms.ts'
import { checkSmsRoom, renderSms } from '../../gateways/sms/texts.ts'
import { createTexts } from '../../gateways/texts.ts'
import { createBounceService } from '../../services/messages/bounces.ts'
import { createDeliveryService, type DeliveryService } from '../../services/messages/deliveries.ts'
import { createMailService } from '../../services/messages/mails.ts'
import { createMtanService } from '../../services/messages/mtans.ts'
import { createSmsAlerts, noteLateAnswer } from '../../services/messages/sms-alerts.ts'
import { createSmsReceiptService } from '../../services/messages/sms-receipts.ts'
import { createPostboxStore } from '../../stores/messages/development-postbox.ts'
import type { Drivers } from '../drivers.ts'
import { createMtanLimits, createSpendingLimits } from '../limits.ts'
import { once } from '../once.ts'
import { createSmsSending, receiptHooks, receiptIdForms } from '../sms.ts'
import { deliveryRulesOf, type Ground } from './ground.ts'
import type { OperationServices } from './operation.ts'

/** How often an SMS goes out at most, when a gateway does not say whether it took it. */
const mostCopies = 2

/** Wires e-mails, SMS and mTANs. The ways out, and the texts, are made when a message is sent. */
export function createMessageServices(ground: Ground, { alerts }: OperationServices, drivers: Drivers) {
  const { config, clock, issuer, knex, log, counts, stores, transaction, random, hash, opened } = ground
  const { insurer, limits } = config
  const postbox = createPostboxStore(knex)
  const bounces = createBounceService({ stores, transaction, clock })
  const smsAlerts = createSmsAlerts({ alerts, transaction, clock })
  const smsReceipts = createSmsReceiptService({
    ...{ clock, log },
    receipts: stores.smsReceipts,
    receiptIds: receiptIdForms(config),
    counted: counts?.smsReceipt,
    signInLimits: createSpendingLimits(config),
    alert: smsAlerts.overBudget,
  })
  const texts = once(() => createTexts(fileURLToPath(new URL('../../../locales', import.meta.url))))
  const email = once(() => opened.adopt(drivers.email({ postbox, clock, issuer }), (gateway) => gateway.close()))
  const gateways = once(() => {
    const sending = createSmsSending({
      ...{ config, clock, log },
      hooks: {
        goesOut: (messageId) => stores.messageClaims.goesOut(messageId, mostCopies),
        stayedHere: stores.messageClaims.stayedHere,
        async attempted(attempt) {
          counts?.smsSubmitted(attempt.gateway, attempt.answer.outcome)
          return await smsReceipts.attempted(attempt)
        },
        answeredLate: (attempt) => noteLateAnswer(attempt, { receipts: smsReceipts, deliveries: deliveries(), log }),
      },
      received: smsReceipts.received,
      passed: smsReceipts.passed,
      sessionAway: (gateway, cause) => counts?.smppSessionAway(gateway, cause),
      alert: (kind, detail) => alerts.raise(undefined, { kind, detail }),
    })
    return opened.adopt(sending, async (each) => await each?.close())
  })
  const deliveries: () => DeliveryService = once(() =>
    createDeliveryService({
      ...{ stores, transaction, clock, log, bounces, alerts, sendLogoutToken },
      observe: counts && ((message, outcome) => counts.delivery(message, outcome, clock.now())),
      observeRelay: counts?.mailRelayFailed,
      rules: deliveryRulesOf(config),
      email: email(),
      // Where no postbox stands in there are gateways.
      sms: drivers.sms?.({ postbox, clock }) ?? (gateways() as SmsGateway),
      renderMail: ({ template, params, language }) =>
        renderMail(template, params, language, { insurer, texts: texts(), baseUrl: issuer }),
    }),
  )
  const mtans = once(() => {
    const host = new URL(issuer).hostname
    checkSmsRoom({ host, application: insurer.shortName }, texts())
    return createMtanService({
      ...{ clock, random, hash },
      rules: limits.mtan,
      limitsOver: (counters) => createMtanLimits(config, createLimiter(counters, clock), hash),
      counters: stores.rateLimits,
      codes: stores.codes,
      smsText: ({ purpose, language, application }, code) =>
        renderSms(purpose, { code, host, application: application ?? insurer.shortName }, language, texts()),
      alert: smsAlerts.pumping,
      price: (country) => gateways()?.price(country) ?? 0,
      spendingStopped: smsAlerts.registrationsStopped,
    })
  })
  return {
    postbox,
    bounces,
    smsReceipts,
    mails: createMailService({ random, issuer }),
    get texts() {
      return texts()
    },
    get deliveries() {
      return deliveries()
    },
    get mtans() {
      return mtans()
    },
    /** The SMS gateways of the settings; unset where SMS go to the postbox. */
    get smsGateways() {
      return gateways()
    },
    /** Receipts of SMS that come by HTTP; signatures are compared with the time of the machine. */
    smsHooks: { gateways: receiptHooks(config), received: smsReceipts.received, now: createSystemClock().now },
  }
}

export type MessageServices = ReturnType<typeof createMessageServices>
