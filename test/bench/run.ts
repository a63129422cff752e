import { availableParallelism } from 'node:os'
import { type Options, readOptions } from './options.ts'
import { type Measurement, save, tell } from './report.ts'
import type { Bench, Row } from './rows/row.ts'
import { createCleanUps } from './subjects/clean-ups.ts'
import { checkOut, thisTree } from './subjects/revision.ts'
import { type Running, startSubject } from './subjects/running.ts'
import { haveServers } from './subjects/storage.ts'

/**
 * `npm run bench`: the rows of `--help`, against floors taken in the same run; with `--against` another revision beside this one.
 * Ends with 1 when a row could not be measured.
 */
async function main(options: Options): Promise<boolean> {
  const cleanUps = createCleanUps()
  try {
    const other = options.against === undefined ? [] : [await checkOut(options.against, cleanUps)]
    const subjects = [{ name: 'this tree', root: thisTree }, ...other]
    const cores = availableParallelism()
    const answer = await haveServers()
    const servers = answer === true
    const processes = servers ? cores : 1
    console.log(
      `${subjects.map(({ name }) => name).join(' against ')}; ${servers ? 'PostgreSQL + Redis' : `embedded (${answer})`}; ` +
        `${processes} processes, ${options.lanes} people at once, ${cores} cores`,
    )
    let running: Promise<Running[]> | undefined
    const bench: Bench = {
      ...{ ...options, subjects, cleanUps, cores, servers, turns: 3 },
      running() {
        running ??= Promise.all(
          subjects.map((subject, index) => startSubject(subject, index, { embedded: !servers, processes, cleanUps })),
        )
        return running
      },
    }
    const measured: Measurement[] = []
    for (const row of options.rows) {
      const measurement = await measureRow(row, bench)
      tell(measurement, subjects)
      measured.push(measurement)
    }
    console.log(`\nwritten to ${await save(thisTree, subjects, measured)}`)
    return measured.every(({ missing }) => missing === undefined)
  } finally {
    await cleanUps.run()
  }
}

/** One that fails does not take the others with it. */
async function measureRow(row: Row, bench: Bench): Promise<Measurement> {
  if (row.needsServers && !bench.servers) return { row: row.name, missing: 'it needs PostgreSQL and Redis' }
  try {
    return { row: row.name, figures: await row.measure(bench) }
  } catch (error) {
    return { row: row.name, missing: (error as Error).message }
  }
}

try {
  const options = readOptions(process.argv.slice(2))
  process.exit(!options || (await main(options)) ? 0 : 1)
} catch (error) {
  console.error((error as Error).message)
  process.exit(2)
}
