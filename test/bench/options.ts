import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { rows } from './rows/index.ts'
import type { Row } from './rows/row.ts'

export type Options = {
  rows: readonly Row[]
  seconds: number
  lanes: number
  importMembers: number
  letters: number
  against: string | undefined
}

const cores = availableParallelism()

const help = `npm run bench -- [options]

Measures this working tree against floors taken in the same run, in turns; ends by itself and leaves nothing but a file of
the figures in bench-results/. PostgreSQL: DATABASE_URL (default postgres://postgres@127.0.0.1:5432/postgres), databases of its
own are made on it. Redis: REDIS_URL (default redis://127.0.0.1:6379/15), that database and five below it have to be empty.
Without them only what runs embedded is measured.

  --rows <names>       only these rows, with commas between
  --against <revision> checks another git revision out beside this one, runs both in turns, and tells the ratio of each row
                       (above 1: this one is better). This tree's benchmark drives both; what runs of the other are its
                       sources, configuration, migrations, pages and texts.
  --seconds <n>        time of all turns of one measurement (default ${process.env.BENCH_SECONDS ?? 20})
  --lanes <n>          how many people sign in at once (default ${process.env.BENCH_LANES ?? cores * 4})
  --import <n>         members in the file of the import (default 50000)
  --letters <n>        letters of the print run (default 200)
  --help

BENCH_NODE_ARGS goes to the application's Node, for example --cpu-prof.

Rows:
${rows.map(({ name, about }) => `  ${name.padEnd(20)} ${about}`).join('\n')}
`

/** Reads the arguments; `undefined` when only help was wanted. @throws Error for what it does not know */
export function readOptions(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      rows: { type: 'string' },
      against: { type: 'string' },
      seconds: { type: 'string', default: process.env.BENCH_SECONDS ?? '20' },
      lanes: { type: 'string', default: process.env.BENCH_LANES ?? String(cores * 4) },
      import: { type: 'string', default: '50000' },
      letters: { type: 'string', default: '200' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    console.log(help)
    return undefined
  }
  return {
    rows: chosenRows(values.rows),
    seconds: positive('seconds', values.seconds),
    lanes: positive('lanes', values.lanes),
    importMembers: positive('import', values.import),
    letters: positive('letters', values.letters),
    against: values.against,
  }
}

function chosenRows(names: string | undefined): readonly Row[] {
  if (names === undefined) return rows
  return names.split(',').map((name) => {
    const row = rows.find((each) => each.name === name)
    if (!row) throw new Error(`There is no row ${name}. Rows: ${rows.map((each) => each.name).join(', ')}.`)
    return row
  })
}

function positive(name: string, text: string): number {
  const number = Number(text)
  if (!(number > 0)) throw new Error(`--${name} takes a number above 0.`)
  return number
}
