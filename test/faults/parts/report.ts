import type { Installation } from '../installation.ts'

/** One round of a scenario: what was done, to whom, and what was found wrong after it. */
export type Round = { round: number; what: string; faults: string[]; seconds: number }

export type Report = { scenario: string; rounds: number; faults: string[]; seconds: number; [figure: string]: unknown }

/** Collects rounds and prints each in a line. */
export function createReport(scenario: string, print: (line: string) => void = () => {}) {
  const begun = performance.now()
  const rounds: Round[] = []
  return {
    async round(what: string, work: () => Promise<string[]>): Promise<void> {
      const start = performance.now()
      const faults = await work().catch((error: Error) => [error.message])
      const seconds = Math.round(performance.now() - start) / 1000
      const round = { round: rounds.length + 1, what, faults, seconds }
      rounds.push(round)
      print(
        `${scenario} ${round.round}: ${what}: ${faults.length === 0 ? 'ok' : faults.join('; ')} (${seconds.toFixed(1)} s)`,
      )
    },
    end(figures: Record<string, unknown> = {}): Report {
      const seconds = Math.round((performance.now() - begun) / 1000)
      const faults = rounds.flatMap((round) => round.faults.map((fault) => `${round.round}: ${fault}`))
      return { scenario, rounds: rounds.length, faults, seconds, ...figures }
    },
  }
}

export type ReportBuilder = ReturnType<typeof createReport>

/** What must hold after every fault: `doctor` finds nothing wrong, and nothing was done, sent or taken twice. */
export async function findFaults({
  operators,
  inspection,
  office,
  relyingParty,
}: Pick<Installation<never>, 'operators' | 'inspection' | 'office' | 'relyingParty'>): Promise<string[]> {
  return [
    ...(await operators.examine()),
    ...(await inspection.doubles(office.posted)),
    ...(await office.doubles()),
    ...relyingParty.takenTwice.map((subject) => `an authorization code of ${subject} was taken twice`),
  ]
}
