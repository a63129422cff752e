import type { Protection } from '../../crypto/protection.ts'
import type { Database } from '../database/database.ts'
import { placeOf } from '../keys/protected-tables.ts'

/** Where a file of a run lies: every try to make it has a `worker` of its own. */
export type PrintFilePlace = { runId: string; worker: string; name: string }

const context = ({ runId, worker, name }: PrintFilePlace, index: number) =>
  placeOf('print_run_chunks', 'sealed', { run_id: runId, worker, name, index })

/** Creates the store of the files of print runs: chunks, each encrypted and bound to its run, file and place. */
export function createPrintFileStore(db: Database, { encryption }: Protection) {
  const chunks = () => db('print_run_chunks')
  return {
    append: (place: PrintFilePlace, index: number, bytes: Uint8Array) =>
      chunks().insert({
        run_id: place.runId,
        worker: place.worker,
        name: place.name,
        index,
        sealed: encryption.encryptBytes(bytes, context(place, index)),
      }),
    /** Streams a file; one chunk is in memory at a time. Whether all came is told by its digest. */
    async *read(place: PrintFilePlace): AsyncIterable<Uint8Array> {
      const { runId, worker, name } = place
      for (let index = 0; ; index++) {
        const row = await chunks().where({ run_id: runId, worker, name, index }).first('sealed')
        if (!row) return
        yield encryption.decryptBytes(row.sealed, context(place, index))
      }
    },
    /** Destroys the files of a run; `keep`: all but those of this worker. */
    destroy: (runId: string, keep?: string) => {
      const all = chunks().where({ run_id: runId })
      return (keep ? all.whereNot({ worker: keep }) : all).delete()
    },
    /** Destroys what one worker made. */
    discard: (runId: string, worker: string) => chunks().where({ run_id: runId, worker }).delete(),
    /** Destroys what a process that died has left of runs that are over. */
    destroyOfEndedRuns: () =>
      chunks()
        .whereIn('run_id', db('print_runs').whereIn('state', ['posted', 'cancelled']).select('id'))
        .delete(),
  }
}
