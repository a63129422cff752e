import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../config.ts'
import { letterPurposes } from '../../domain/letters/purposes.ts'
import { createCanaryLetterService } from '../../services/letters/canary-letters.ts'
import { createLetterService } from '../../services/letters/letters.ts'
import { createPrintRunService } from '../../services/letters/print-runs.ts'
import { createReturnedMailService } from '../../services/letters/returned-mail.ts'
import type { Drivers } from '../drivers.ts'
import { once } from '../once.ts'
import type { Ground } from './ground.ts'
import type { MessageServices } from './messages.ts'
import type { OperationServices } from './operation.ts'

/** Wires letters and the print desk: runs, returned mail, and the letters that watch the post. What draws is loaded when something is drawn. */
export function createLetterServices(
  ground: Ground,
  { alerts }: OperationServices,
  { mails, postbox }: MessageServices,
  drivers: Drivers,
) {
  const { config, clock, log } = ground
  const { deadlines, printDesk, insurer, production } = config
  const loadPdf = once(() => loadInsurerLetterPdf(config))
  const delivery = once(() =>
    drivers.letters({
      ...{ postbox, clock },
      renderPdf: async (letters) => (await loadPdf()).render(letters),
      unknownPrintShopKey: (fingerprint) =>
        void alerts
          .raise(undefined, { kind: 'print_shop_unknown_key', detail: { fingerprint } })
          .catch((error) => log.error({ err: error }, 'alert could not be written')),
    }),
  )
  const printRuns = once(() =>
    createPrintRunService({
      ...{ ...ground, mails, alerts, deadlines },
      drawRun: async (...given) => (await loadPdf()).drawRun(...given),
      delivery: delivery(),
      minimumAge: insurer.minimumAge,
      rules: printDesk,
      purposes: letterPurposes,
      fourEyes: production,
      reportUnprintable: (letterId, error) =>
        log.error({ letterId, err: error }, 'letter cannot be printed and stays out of its run'),
      reportUnreadable: (err) => log.error({ err }, 'row of a letter cannot be opened; the others of its run go on'),
      reportNotHandedOver: (runId, error) =>
        log.warn({ runId, err: error }, 'print run could not be handed over; it is tried again'),
    }),
  )
  return {
    letters: createLetterService({ deadlines }),
    loadPdf,
    get printRuns() {
      return printRuns()
    },
    returnedMail: createReturnedMailService({ ...ground, mails, alerts }),
    canaryLetters: createCanaryLetterService({ ...ground, alerts, rules: printDesk.canary }),
    /** Development prepares, releases and posts by itself (contract.md), so nothing waits for a cut-off there. */
    printSchedule: production && printDesk.schedule,
  }
}

export type LetterServices = ReturnType<typeof createLetterServices>

/** How the letters of the insurer are drawn. The libraries of fonts and symbols are many files: a start does not wait for them. */
async function loadInsurerLetterPdf({ configDir, insurer }: Config) {
  const { createLetterPdf, parseLetterTexts } = await import('../../gateways/letters/letter-pdf.ts')
  const { name, shortName, senderLine, help } = insurer
  const texts = parseLetterTexts(readFileSync(join(configDir, 'letters/de.yaml'), 'utf8'))
  return createLetterPdf({
    insurer: {
      name,
      shortName,
      senderLine,
      help: { phoneNote: 'kostenfrei', branchText: 'in Ihrer Geschäftsstelle vor Ort', ...help },
    },
    texts,
  })
}
