import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import { createAuditTrail, unknownNameHash } from '../audit/events.ts'
import type { Config } from '../config.ts'
import { createCommonPasswordCheck } from '../domain/common-passwords.ts'
import { type Clock, createSystemClock } from '../gateways/clock.ts'
import { createFieldEncryption, createKeyedHash } from '../gateways/field-encryption.ts'
import { createLimiter } from '../gateways/limiter.ts'
import { renderMail } from '../gateways/mails.ts'
import { createPasswordHasher } from '../gateways/password-hasher.ts'
import { createRandom } from '../gateways/random.ts'
import { createFallingBackCounters, createRedisCounters } from '../gateways/redis/counters.ts'
import type { RedisGateway } from '../gateways/redis/redis.ts'
import { checkSmsRoom, renderSms } from '../gateways/sms/texts.ts'
import { createTexts } from '../gateways/texts.ts'
import type { Deps } from '../journeys/deps.ts'
import { createAlertService } from '../services/alerts.ts'
import { createAuditRetention } from '../services/audit-retention.ts'
import { createBounceService } from '../services/bounces.ts'
import { createCoverageCheck } from '../services/coverage-check.ts'
import { createDataEnds } from '../services/data-ends.ts'
import { createDeadlineTasks } from '../services/deadlines.ts'
import { createDeliveryService } from '../services/deliveries.ts'
import { inBatches } from '../services/in-batches.ts'
import { createLetterService } from '../services/letters.ts'
import { createMailService } from '../services/mails.ts'
import { createMemberImport, createRegisterFollower } from '../services/member-import.ts'
import { createMtanService } from '../services/mtans.ts'
import { createSmsReceiptService } from '../services/sms-receipts.ts'
import { createStandingService } from '../services/standing.ts'
import { createStatisticsService } from '../services/statistics.ts'
import type { Database } from '../stores/database.ts'
import { createStores } from '../stores/index.ts'
import { createOidcArtefactStore } from '../stores/oidc-artefacts.ts'
import { findPasswordGenerations } from '../stores/password-generations.ts'
import { createTransaction, type SentMessage } from '../stores/transaction.ts'
import { createDrivers } from './drivers.ts'
import { createKeyServices } from './key-services.ts'
import { createJourneyLimits, createMtanLimits, createRequestLimitsOf, createSpendingLimits } from './limits.ts'
import type { Counts } from './metrics/counts.ts'
import { createInsurerLetterPdf, createPrintServices } from './print-services.ts'
import { createClientServices } from './services/clients.ts'
import { createSmsSending, receiptHooks, receiptIdForms } from './sms.ts'

export type Services = Awaited<ReturnType<typeof createServices>>

type Settings = {
  config: Config
  issuer: string
  clock: Clock
  knex: Database
  log: Logger
  /** Counters of at most an hour lie there; unset: in the database, as all others. */
  redis?: RedisGateway
  /** Called after a commit that has left messages in the outbox. */
  committed(messages: SentMessage[]): void
  sendLogoutToken(payload: { url: string; logoutToken: string }): Promise<void>
  /** Counts what happens; the command line counts nothing. */
  counts?: Counts
}

/** How often an SMS goes out at most, when a gateway does not say whether it took it. */
const mostCopies = 2

/** Wires stores, gateways and services for the web process, its jobs and the command line. */
export async function createServices(settings: Settings) {
  const { config, issuer, clock, knex, log, counts } = settings
  const random = createRandom()
  const hash = createKeyedHash(config.secrets.hashKeys)
  const protection = { encryption: createFieldEncryption(config.secrets.encryptionKeys), hash }
  const stores = createStores(knex, protection)
  const transaction = createTransaction({
    knex,
    protection,
    createAudit: (unit) => createAuditTrail(unit.auditEvents.append),
    lifetimes: lifetimesOf(config),
    committed: settings.committed,
    recorded: counts?.recorded,
  })
  const hasher = await createPasswordHasher(config.limits.argon2, () => findPasswordGenerations(knex))
  const texts = createTexts(fileURLToPath(new URL('../../locales', import.meta.url)))
  const { deadlines, insurer } = config
  const letterPdf = createInsurerLetterPdf(config)
  const alerts = createAlertService({ transaction, clock, log, email: insurer.operators.alertEmail })
  const keyServices = createKeyServices({ config, stores, transaction, alerts, log })
  const smsReceipts = createSmsReceiptService({
    receipts: stores.smsReceipts,
    clock,
    log,
    receiptIds: receiptIdForms(config),
    counted: counts?.smsReceipt,
    signInLimits: createSpendingLimits(config),
    alert: (detail) => alerts.raise(undefined, { kind: 'sms_budget', detail }),
  })
  const sms = createSmsSending({
    config,
    clock,
    log,
    hooks: {
      goesOut: (messageId) => stores.messageClaims.goesOut(messageId, mostCopies),
      stayedHere: stores.messageClaims.stayedHere,
      async attempted(attempt) {
        counts?.smsSubmitted(attempt.gateway, attempt.answer.outcome)
        return await smsReceipts.attempted(attempt)
      },
      async answeredLate({ sms: { id }, gateway, answer, record }) {
        try {
          if (record) await smsReceipts.answeredLate(record, gateway, answer)
          await deliveries.answeredLate(id, answer)
        } catch (error) {
          log.error({ err: error, gateway, messageId: id }, 'late answer of an SMS gateway could not be noted')
        }
      },
    },
    received: smsReceipts.received,
    passed: smsReceipts.passed,
    sessionAway: (gateway, cause) => counts?.smppSessionAway(gateway, cause),
    alert: (kind, detail) => alerts.raise(undefined, { kind, detail }),
  })
  const drivers = await createDrivers(config, {
    ...{ knex, clock, renderPdf: letterPdf.render, issuer, sms },
    unknownPrintShopKey: (fingerprint) =>
      void alerts
        .raise(undefined, { kind: 'print_shop_unknown_key', detail: { fingerprint } })
        .catch((error) => log.error({ err: error }, 'alert could not be written')),
  })
  const mails = createMailService({ random, issuer })
  const counters = settings.redis && createRedisCounters(settings.redis)
  const limiters = {
    lasting: createLimiter(stores.rateLimits, clock),
    brief: createLimiter(counters ? createFallingBackCounters(counters, stores.rateLimits) : stores.rateLimits, clock),
  }
  const letters = createLetterService({ deadlines })
  const standing = createStandingService({ deadlines, letters })
  const host = new URL(issuer).hostname
  checkSmsRoom({ host, application: insurer.shortName }, texts)
  const mtans = createMtanService({
    rules: config.limits.mtan,
    limitsOver: (counters) => createMtanLimits(config, createLimiter(counters, clock), hash),
    counters: stores.rateLimits,
    codes: stores.codes,
    clock,
    random,
    hash,
    smsText: ({ purpose, language, application }, code) =>
      renderSms(purpose, { code, host, application: application ?? insurer.shortName }, language, texts),
    alert: (event) =>
      transaction(async (unit) => {
        if (await alerts.raise(unit, { kind: 'sms_pumping', detail: event }))
          await unit.audit.smsSendsStopped({ at: clock.now(), ...event })
      }),
    price: (country) => sms?.price(country) ?? 0,
    spendingStopped: async ({ country, limit }) => {
      const detail = { purpose: 'registration', country: limit === 'all' ? 'all' : country }
      await alerts.raise(undefined, { kind: 'sms_budget', detail })
    },
  })
  const printServices = createPrintServices({
    ...{ config, log, stores, transaction, clock, random, hash, issuer, mails, alerts },
    drawRun: letterPdf.drawRun,
    delivery: drivers.letters,
  })
  const bounces = createBounceService({ stores, transaction, clock })
  const deliveries = createDeliveryService({
    ...{ stores, transaction, clock, log, bounces, alerts },
    observe: counts && ((message, outcome) => counts.delivery(message, outcome, clock.now())),
    observeRelay: counts?.mailRelayFailed,
    rules: rulesOf(config),
    email: drivers.email,
    sms: drivers.sms,
    renderMail: ({ template, params, language }) =>
      renderMail(template, params, language, { insurer, texts, baseUrl: issuer }),
    sendLogoutToken: settings.sendLogoutToken,
  })
  const journeyDeps: Deps = {
    protocolClock: createSystemClock(),
    stores,
    transaction,
    hasher,
    hash,
    clock,
    random,
    letters,
    mtans,
    standing,
    mails,
    deadlines,
    issuer,
    limits: createJourneyLimits(config, { ...limiters, hash }),
    securityQuestions: config.securityQuestions,
    unknownNameHash: (name) => unknownNameHash(hash, name),
    isCommonPassword: createCommonPasswordCheck(commonPasswords(config)),
    insurers: insurer.insurers,
    mobileCountries: insurer.mobileCountries,
    termsVersion: insurer.termsVersion,
    browserLinkLifetime: config.limits.signIn.browserLink.lifetime,
    observeStep: counts?.observeStep,
  }
  const memberImport = createMemberImport({
    stores,
    transaction,
    suspiciousShare: config.limits.memberImport.suspiciousShare,
    toPrintable: letterPdf.toPrintable,
    onChanged: createRegisterFollower(standing, (err) => log.error({ err }, 'account does not follow the register')),
  })
  const artefacts = createOidcArtefactStore(knex)
  const deadlineTasks = createDeadlineTasks({ stores, transaction, clock, deadlines, mails })
  return {
    stores,
    transaction,
    protection,
    hasher,
    texts,
    letters,
    standing,
    ...printServices,
    deliveries,
    bounces,
    deadlineTasks,
    dataEnds: createDataEnds({ stores, transaction, clock, deadlines }),
    checkCoverage: createCoverageCheck({ stores, transaction, standing, clock, deadlines }),
    emptyOldAuditEvents: createAuditRetention({
      transaction,
      clock,
      days: deadlines.auditRetentionDays,
    }),
    /** Seals what waits and logs the new head, so that it lies outside the database, too. */
    async sealAudit(): Promise<number> {
      const sealed = await stores.auditEvents.seal(10_000)
      if (sealed > 0) log.info({ ...(await stores.auditEvents.head()) }, 'audit log sealed')
      return sealed
    },
    statistics: createStatisticsService({ stores, clock }),
    deleteExpiredArtefacts: (signal?: AbortSignal) => inBatches(() => artefacts.deleteExpired(5000), 5000, signal),
    alerts,
    clients: createClientServices({ stores, transaction, clock, random }),
    ...keyServices,
    smsReceipts,
    memberImport,
    journeyDeps,
    requestLimits: createRequestLimitsOf(config, limiters.brief, hash),
    postbox: drivers.postbox,
    /** Every limit begins anew (the development clock was set back). */
    async forgetLimits() {
      await Promise.all([stores.rateLimits.deleteAll(), counters?.deleteAll()])
    },
    /** Binds to the SMS gateways that send receipts over their connection. */
    startSms: () => sms?.start(),
    /** Receipts of SMS that come by HTTP; signatures are compared with the time of the machine. */
    smsHooks: { gateways: receiptHooks(config), received: smsReceipts.received, now: createSystemClock().now },
    /** Names of SMS gateways whose breaker is open. */
    smsGatewaysAway: () => sms?.away() ?? [],
    /** Whether each gateway that speaks SMPP is bound. */
    smsGatewaysBound: () => sms?.bound() ?? new Map<string, boolean>(),
    async close() {
      drivers.email.close()
      await sms?.close()
    },
  }
}

/** How each kind of message leaves. */
const rulesOf = ({ deliveries }: Config) => ({
  sms: deliveries.sms,
  email: deliveries.email,
  backchannel_logout: deliveries.backchannelLogout,
})

const lifetimesOf = (config: Config) =>
  Object.fromEntries(Object.entries(rulesOf(config)).map(([kind, rule]) => [kind, rule.giveUpAfter]))

function commonPasswords(config: Config): string[] {
  return readFileSync(join(config.configDir, 'common-passwords.txt'), 'utf8').split('\n')
}
