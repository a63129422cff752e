import CircuitBreaker from 'opossum'
import type { Clock } from '../clock.ts'
import type { SmsAnswer, SmsDriver, Submission } from './driver.ts'
import { type Sms, SmsFailure } from './sms.ts'

/** One gateway: its protocol, what it asks for an SMS to a country in hundredths of a cent, and the sender shown there. */
export type RoutedGateway = {
  name: string
  driver: SmsDriver
  price(country: string): number
  sender(country: string): string | undefined
}

/** `failures`: share (0–1) of at least `minimum` submissions in `window` that opens; after `pause` one probe. Milliseconds. */
export type BreakerSettings = { failures: number; minimum: number; window: number; pause: number }

/** What happened to one submission, for the record of deliveries, metrics and alerts. */
export type Attempt = { sms: Sms; gateway: string; country: string; price: number; answer: SmsAnswer }

export type RouterSettings = {
  gateways: readonly RoutedGateway[]
  /** Names of gateways for a country, the first to be tried first. */
  route(country: string): readonly string[]
  /** After an unknown answer: `next` asks the next gateway (the same code may arrive twice), `wait` leaves it to a later try. */
  afterUnknown: 'next' | 'wait'
  breaker: BreakerSettings
  clock: Clock
  /** Counts that the message is about to go out; `false` when it has gone out as often as it may. */
  goesOut(messageId: string): Promise<boolean>
  /** Takes the count back: no gateway has the message from this submission. */
  stayedHere(messageId: string): Promise<void>
  /** Notes what a submission came to; gives the record's id when there is one. */
  attempted(attempt: Attempt): Promise<string | undefined>
  /** The answer of a submission that was `unknown` so far, or what became of its connection. */
  answeredLate(attempt: Attempt & { record: string | undefined }): Promise<void>
  /** A gateway's breaker closed, or opened: with the code of the failure that opened it. */
  breakerChanged(gateway: string, state: 'open' | 'closed', failure?: string): void
}

/** Carries a failed answer through the breaker, which counts exceptions. */
class Refused extends Error {
  readonly answer: Exclude<SmsAnswer, { outcome: 'accepted' }>
  constructor(answer: Exclude<SmsAnswer, { outcome: 'accepted' }>) {
    super(answer.failure)
    this.answer = answer
  }
}

type Line = RoutedGateway & { breaker: CircuitBreaker<[Submission], SmsAnswer> }

/**
 * Creates the sending over several gateways. Each message takes the route of its country; a gateway that fails, hangs or
 * whose breaker is open gives way to the next. When all breakers are open the first is asked all the same: a member waits.
 */
export function createSmsRouter(settings: RouterSettings) {
  const lines = new Map(settings.gateways.map((gateway) => [gateway.name, withBreaker(gateway, settings)]))
  const routeOf = (country: string) =>
    settings.route(country).flatMap((name) => {
      const line = lines.get(name)
      return line ? [line] : []
    })
  return {
    /** Ends when a gateway has accepted the SMS. @throws SmsFailure with the last gateway's code */
    async send(sms: Sms): Promise<void> {
      const country = sms.country ?? 'ZZ'
      const route = routeOf(country)
      const closed = route.filter(({ breaker }) => !isAway(breaker))
      const [first] = route
      const attempts = closed.length > 0 ? closed : first ? [first] : []
      let failure = 'no_route'
      let inDoubt = false
      for (const line of attempts) {
        const answer = await attempt(settings, line, sms, country, closed.length === 0)
        if (!answer) continue
        if (answer.outcome === 'accepted') return
        failure = answer.failure
        inDoubt ||= answer.outcome === 'unknown'
        if (answer.outcome === 'number_refused') throw new SmsFailure(failure, { permanent: true })
        if (answer.outcome === 'unknown' && settings.afterUnknown === 'wait') break
      }
      throw new SmsFailure(failure, { inDoubt })
    },
    /** What an SMS to a country costs at the first gateway of its route, in hundredths of a cent. */
    price: (country: string) => routeOf(country)[0]?.price(country) ?? 0,
    /** Names of gateways whose breaker is not closed. */
    away: () => [...lines.values()].filter(({ breaker }) => !breaker.closed).map(({ name }) => name),
    async close(): Promise<void> {
      for (const { breaker } of lines.values()) breaker.shutdown()
      await Promise.all([...lines.values()].map(({ driver }) => driver.close()))
    },
  }
}

/** Open, or half open with its one probe under way. */
const isAway = (breaker: Line['breaker']) => !breaker.closed && !breaker.pendingClose

/** Asks one gateway; `undefined` when its breaker closed the way in between. */
async function attempt(settings: RouterSettings, line: Line, sms: Sms, country: string, whateverTheBreaker: boolean) {
  const { name, driver, price, sender, breaker } = line
  const left = sms.expiresAt ? Math.floor((sms.expiresAt.getTime() - settings.clock.now().getTime()) / 1000) : 300
  if (left <= 0) throw new SmsFailure('expired', { permanent: true })
  const submission = { id: sms.id, to: sms.to, text: sms.text, sender: sender(country), validFor: left }
  if (!(await settings.goesOut(sms.id))) throw new SmsFailure('WENT_OUT_TWICE', { inDoubt: true })
  const answer = whateverTheBreaker ? await driver.submit(submission) : await fire(breaker, submission)
  if (!mayHaveLeft(answer)) await settings.stayedHere(sms.id)
  if (!answer) return undefined
  const noted = { sms, gateway: name, country, price: price(country) }
  const record = await settings.attempted({ ...noted, answer })
  if (answer.outcome === 'unknown')
    void answer.late?.then((late) => settings.answeredLate({ ...noted, answer: late, record }))
  return answer
}

/** Whether the member may get an SMS from a submission. */
const mayHaveLeft = (answer: SmsAnswer | undefined) => answer?.outcome === 'accepted' || answer?.outcome === 'unknown'

async function fire(breaker: Line['breaker'], submission: Submission): Promise<SmsAnswer | undefined> {
  try {
    return await breaker.fire(submission)
  } catch (error) {
    if (error instanceof Refused) return error.answer
    if ((error as { code?: string }).code === 'EOPENBREAKER') return undefined
    throw error
  }
}

function withBreaker(gateway: RoutedGateway, { breaker: numbers, breakerChanged }: RouterSettings): Line {
  let failure: string | undefined
  const submit = async (submission: Submission): Promise<SmsAnswer> => {
    const answer = await gateway.driver.submit(submission)
    // A refused number says nothing about the gateway.
    if (answer.outcome === 'accepted' || answer.outcome === 'number_refused') return answer
    if (answer.outcome !== 'throttled') failure = answer.failure
    throw new Refused(answer)
  }
  const breaker = new CircuitBreaker(submit, {
    name: gateway.name,
    // Drivers end by themselves; a second timer here would call a submission unknown that is about to be answered.
    timeout: false,
    errorThresholdPercentage: numbers.failures * 100,
    volumeThreshold: numbers.minimum,
    rollingCountTimeout: numbers.window,
    resetTimeout: numbers.pause,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
    // A gateway that throttles is there; opening would take away the rest of its rate.
    errorFilter: (error) => error instanceof Refused && error.answer.outcome === 'throttled',
  })
  breaker.on('open', () => breakerChanged(gateway.name, 'open', failure))
  breaker.on('close', () => breakerChanged(gateway.name, 'closed'))
  return { ...gateway, breaker }
}
