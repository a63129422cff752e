import { createKey, formatKeyRing } from '../../crypto/key-ring.ts'
import { berlinDay } from '../../domain/calendar.ts'
import { newKeyId } from '../../domain/secrets/key-rotation.ts'
import { createSystemClock } from '../../gateways/clock.ts'
import type { RingStatus } from '../../services/keys/key-rings.ts'
import { describeStep } from '../../services/keys/key-rotation.ts'
import type { Stores } from '../../stores/index.ts'
import { type CliCommand, UsageError } from '../frame.ts'
import { writeNewSecret } from '../key-file.ts'
import { createProgress } from '../progress.ts'
import { withServices } from '../with-services.ts'

/** Makes a key for a ring. */
const make: CliCommand = {
  name: 'keys:new',
  description: 'make a key of 32 bytes for a list of keys',
  define: (command) =>
    command
      .option('--kid <id>', 'its id, up to 32 letters, digits, - and _ (default: today)')
      .option('--out <file>', 'write it to a new file, readable by its owner only')
      .option('--stdout', 'print it'),
  async run(_args, { kid, out, stdout }) {
    const id = String(kid ?? newKeyId(berlinDay(createSystemClock().now()), []))
    if (!/^[\w-]{1,32}$/.test(id)) throw new UsageError('--kid takes up to 32 letters, digits, - and _.')
    if (out === undefined && stdout !== true)
      throw new UsageError('Name a new file with --out, or --stdout to see the key.')
    const key = formatKeyRing([createKey(id)])
    if (out === undefined) return { exitCode: 0, text: key, json: { kid: id, key } }
    await writeNewSecret(String(out), key)
    return { exitCode: 0, text: `The key ${id} is in ${out}.`, json: { kid: id, out } }
  },
}

/** Shows every ring: who wrote what, how old the keys are, what comes next. */
const status: CliCommand = {
  name: 'keys:status',
  description: 'show the keys of every ring, their age, how many values they wrote, and what comes next',
  run: (_args, _options, io) =>
    withServices(
      io,
      async ({ keys: { keyRings }, stores }) => {
        const rings = await keyRings.status()
        const processes = (await stores.keyRings.living()).map(({ id: _id, ...holder }) => holder)
        const signing = await stores.signingKeys.summaries()
        const lines = [
          ...rings.flatMap(describeRing),
          'signing keys',
          ...signing.map(
            ({ kid, alg, state, stateChangedAt }) => `  ${kid}  ${alg}  ${state} since ${stateChangedAt.toISOString()}`,
          ),
          `${processes.length} processes at work${processes
            .map(
              (each) =>
                `\n  ${each.process}  ${Object.entries(each.rings)
                  .map(([ring, kids]) => `${ring} ${kids.join(' ')}`)
                  .join(', ')}`,
            )
            .join('')}`,
        ]
        return { exitCode: 0, text: lines.join('\n'), json: { rings, processes, signing } }
      },
      { anyKeys: true },
    ),
}

function describeRing({ ring, keys, next }: RingStatus): string[] {
  const lines = keys.flatMap(({ kid, role, days, usage }) => [
    `  ${kid}  ${role}, ${days} days old`,
    ...usage.map(({ table, column, values, estimated, passing }) => {
      const count = `${estimated ? 'about ' : ''}${values} in ${table}.${column}`
      return `    ${count}${passing ? ' (ends by itself)' : ''}`
    }),
  ])
  return [ring, ...lines, `  ${describeStep(ring, next)}`]
}

/** Shows how far the rewriting of rows is, or does it here and now. */
const reencrypt: CliCommand = {
  name: 'keys:reencrypt',
  description: 'show how far rows are rewritten under the new keys; exit code 1 while some are left',
  define: (command) => command.option('--run', 'do it now, to the end, instead of leaving it to the job'),
  run: (_args, options, io) =>
    withServices(io, async ({ keys: { keyRewrites }, stores }) => {
      const progress = createProgress(io)
      const onPage = async () => {
        const passes = await stores.keyRewrites.progress()
        const sum = (column: 'rowsSeen' | 'rowsTotal') => passes.reduce((all, pass) => all + pass[column], 0)
        progress.show(sum('rowsSeen') / Math.max(1, sum('rowsTotal')), `${sum('rowsSeen')} rows`)
      }
      const pace = { budget: options.run ? Number.POSITIVE_INFINITY : 0, pause: 10, onPage }
      let { state } = await keyRewrites.run(pace)
      while (options.run && state === 'working') state = (await keyRewrites.run(pace)).state
      progress.end()
      const tables = await stores.keyRewrites.progress()
      const lines = tables.map(
        (pass) =>
          `${pass.table}: ${pass.finishedAt ? 'done' : `about ${pass.rowsTotal - pass.rowsSeen} rows left`}, ${pass.rowsRewritten} rewritten${pass.rowsUnreadable ? `, ${pass.rowsUnreadable} not readable` : ''}`,
      )
      const finished = state === 'idle' || state === 'done'
      return { exitCode: finished ? 0 : 1, text: [sentences[state], ...lines].join('\n'), json: { state, tables } }
    }),
}

const sentences = {
  idle: 'There is one key of each ring: nothing is to be rewritten.',
  waiting:
    'Some process still writes with another key; see keys:status. The rewriting begins when all write with the first.',
  working: 'Rows are being rewritten.',
  done: 'Every row is under the keys that write.',
}

/** Takes signing keys out that others may know. */
const revokeSigning: CliCommand = {
  name: 'keys:revoke-signing',
  description: 'take leaked signing keys out of the published set at once',
  define: (command) => command.argument('<kid...>', 'ids from keys:status'),
  run: (kids, _options, io) =>
    withServices(io, async ({ keys: { signingKeys }, stores }, { config }) => {
      const ids = kids.flat()
      const done = await signingKeys.revoke(ids)
      if ('unknown' in done)
        return { exitCode: 1, text: `There is no signing key ${done.unknown.join(', ')}. See keys:status.`, json: done }
      const left = await waitForProcesses(stores, ids, config.keys.pollSeconds * 2)
      const text = left.length
        ? `Revoked, but ${left.join(', ')} still publish it after ${config.keys.pollSeconds * 2} seconds: restart them.`
        : 'Revoked: no process publishes it or signs with it any more. Next: docs/operate/incidents/key-leaked.md.'
      return { exitCode: left.length ? 1 : 0, text, json: { ...done, stillPublishing: left } }
    }),
}

/** Waits until no process at work publishes the keys, at most `seconds`, and names those that still do. */
async function waitForProcesses(stores: Pick<Stores, 'keyRings'>, kids: string[], seconds: number): Promise<string[]> {
  for (const end = performance.now() + seconds * 1000; ; ) {
    const still = (await stores.keyRings.living()).filter(({ signingKids }) =>
      signingKids.some((kid) => kids.includes(kid)),
    )
    if (still.length === 0 || performance.now() > end) return still.map(({ process }) => process)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

export const keyCommands: CliCommand[] = [make, status, reencrypt, revokeSigning]
