import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import type { Figure } from './rows/row.ts'
import type { Subject } from './subjects/revision.ts'

/** A measured row: figures for each subject, or why there are none. */
export type Measurement = { row: string; figures?: Figure[][]; missing?: string }

/** How many times as good as the other one a figure is: above 1, it is better. */
export const ratioOf = ({ value, better }: Figure, other: Figure): number =>
  better === 'more' ? value / other.value : other.value / value

/** Prints a row as soon as it is there. */
export function tell({ row, figures, missing }: Measurement, subjects: readonly Subject[]): void {
  console.log(`\n${row}`)
  if (missing) console.log(`  not measured: ${missing}`)
  const [ours = [], theirs] = figures ?? []
  for (const [index, figure] of ours.entries()) {
    const other = theirs?.[index]
    const comparison = other
      ? `   ${subjects[1]?.name}: ${numberOf(other.value)}   ratio ${numberOf(ratioOf(figure, other))}`
      : ''
    console.log(`  ${figure.what.padEnd(44)} ${numberOf(figure.value).padStart(9)} ${figure.unit}${comparison}`)
  }
}

const numberOf = (value: number) => {
  if (Number.isNaN(value)) return '–'
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)
}

/** Writes all figures to a file and answers its path. */
export async function save(root: string, subjects: readonly Subject[], measured: Measurement[]): Promise<string> {
  const at = new Date().toISOString()
  const path = join(root, 'bench-results', `${at.replace(/[:.]/g, '-')}.json`)
  await mkdir(join(root, 'bench-results'), { recursive: true })
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: availableParallelism() }
  const rows = measured.map(({ row, figures, missing }) => ({
    row,
    missing,
    figures: figures?.[0]?.map((figure, index) => {
      const other = figures[1]?.[index]
      return { ...figure, ...(other && { against: other.value, ratio: ratioOf(figure, other) }) }
    }),
  }))
  const against = subjects[1]?.name
  await writeFile(path, `${JSON.stringify({ at, ...machine, against, rows }, null, 2)}\n`)
  return path
}
