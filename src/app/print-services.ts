import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { letterPurposes } from '../domain/letters/purposes.ts'
import { createLetterPdf, parseLetterTexts } from '../gateways/letter-pdf.ts'
import { createCanaryLetterService } from '../services/canary-letters.ts'
import type { PrintDesk } from '../services/print-run/settings.ts'
import { createPrintRunService } from '../services/print-runs.ts'
import { createReturnedMailService } from '../services/returned-mail.ts'

/** How the letters of the insurer are drawn. */
export function createInsurerLetterPdf({ configDir, insurer }: Config) {
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

type Given = Pick<
  PrintDesk,
  'stores' | 'transaction' | 'clock' | 'random' | 'hash' | 'issuer' | 'mails' | 'alerts' | 'drawRun' | 'delivery'
> & { config: Config; log: Logger }

/** Wires the print desk: runs, returned mail, and the letters that watch the post. */
export function createPrintServices({ config, log, ...given }: Given) {
  return {
    printRuns: createPrintRunService({
      ...given,
      deadlines: config.deadlines,
      purposes: letterPurposes,
      minimumAge: config.insurer.minimumAge,
      rules: config.printDesk,
      fourEyes: config.production,
      reportUnprintable: (letterId, error) =>
        log.error({ letterId, err: error }, 'letter cannot be printed and stays out of its run'),
      reportUnreadable: (err) => log.error({ err }, 'row of a letter cannot be opened; the others of its run go on'),
      reportNotHandedOver: (runId, error) =>
        log.warn({ runId, err: error }, 'print run could not be handed over; it is tried again'),
    }),
    returnedMail: createReturnedMailService(given),
    canaryLetters: createCanaryLetterService({ ...given, rules: config.printDesk.canary }),
    /** Development prepares, releases and posts by itself (contract.md), so nothing waits for a cut-off there. */
    printSchedule: config.production && config.printDesk.schedule,
  }
}
