import type { CleanUps } from '../subjects/clean-ups.ts'
import type { Subject } from '../subjects/revision.ts'
import type { Running } from '../subjects/running.ts'

/** One figure; `more` and `less`: which of them is better. NaN where it could not be taken. */
export type Figure = { what: string; value: number; unit: string; better: 'more' | 'less' }

/** What a row gets: what to measure, in this order in each turn, and for how long. */
export type Bench = {
  subjects: readonly Subject[]
  cleanUps: CleanUps
  /** Of all turns of one measurement; `turns`: into how many they are parted. */
  seconds: number
  turns: number
  lanes: number
  cores: number
  /** Sizes of what operators wait for. */
  importMembers: number
  letters: number
  /** Without PostgreSQL and Redis only what runs embedded can be measured. */
  servers: boolean
  /** The applications, started when they are first asked for. */
  running(): Promise<readonly Running[]>
}

/** A row of the table: its figures for each subject, in the order of the subjects. */
export type Row = {
  name: string
  about: string
  needsServers: boolean
  measure(bench: Bench): Promise<Figure[][]>
}

export const more = (what: string, value: number, unit: string): Figure => ({ what, value, unit, better: 'more' })
export const less = (what: string, value: number, unit: string): Figure => ({ what, value, unit, better: 'less' })

/** Does the same for each subject in its turn, again and again, so that a machine that is busy elsewhere slows all alike. */
export async function inTurns<S, T>(
  turns: number,
  subjects: readonly S[],
  work: (subject: S, turn: number) => Promise<T>,
): Promise<T[][]> {
  const results: T[][] = subjects.map(() => [])
  for (let turn = 0; turn < turns; turn++)
    for (const [index, subject] of subjects.entries()) results[index]?.push(await work(subject, turn))
  return results
}
