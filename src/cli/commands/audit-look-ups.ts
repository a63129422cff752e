import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { type AuditExportFormat, auditEventJson, auditExportFormats } from '../../services/operation/audit-export.ts'
import { auditFilterFields, type TypedAuditFilter } from '../../services/operation/audit-filter.ts'
import type { AuditLookUps } from '../../services/operation/audit-look-ups.ts'
import { type CliCommand, type CliIo, UsageError } from '../frame.ts'
import { withServices } from '../with-services.ts'
import { operatorOf, withOperator } from './operators.ts'

const withFilter = (command: Command) =>
  command
    .option('--who <actor>', 'member, system, cli, staff, client, one of them (cli:k.weber), or the e-mail of staff')
    .option('--what <event>', 'an event or a class of them; docs/admin/audit-events.md names them')
    .option('--whom <account>', 'id of an account, or the e-mail of staff')
    .option('--client <client_id>', 'an application or service')
    .option('--reference <id>', 'id of a print run, letter, approval, export, member of staff or signing key')
    .option('--from <time>', 'an instant with its offset, or a day in Berlin')
    .option('--until <time>', 'an instant that does not belong to it any more, or the last day')

async function readFilter(audit: AuditLookUps, options: Record<string, unknown>) {
  const typed: TypedAuditFilter = Object.fromEntries(auditFilterFields.map((field) => [field, options[field]]))
  const read = await audit.readFilter(typed)
  if ('filter' in read) return { ...read, typed }
  const [[field, fault] = ['who', 'format']] = Object.entries(read.faults)
  throw new UsageError(
    fault === 'unknown' ? `--${field}: nothing is known by that name.` : `--${field} cannot be read; see --help.`,
  )
}

/** Lists events, newest first. */
const list: CliCommand = {
  name: 'audit:list',
  description: 'list events of the audit log, newest first',
  define: (command) =>
    withFilter(command)
      .option('--limit <count>', 'show at most so many, up to 1000', '50')
      .option('--older <place>', 'go on at the place that the list before has printed'),
  run: (_args, options, io) =>
    withServices(io, async ({ operation: { auditLookUps } }) => {
      const limit = Math.min(Math.max(Math.trunc(Number(options.limit)) || 50, 1), 1000)
      const { filter } = await readFilter(auditLookUps, options)
      const older = typeof options.older === 'string' ? options.older : undefined
      const page = await auditLookUps.page(filter, { older, limit })
      const lines = page.events.map(({ at, type, actor, accountId, data }) =>
        [at.toISOString(), type, actor, accountId ?? '-', data ? JSON.stringify(data) : 'emptied'].join('  '),
      )
      if (page.older) lines.push(`More: --older ${page.older}`)
      const json = { events: page.events.map(auditEventJson), older: page.older }
      return { exitCode: 0, text: lines.join('\n') || 'There are none.', json }
    }),
}

/** Takes events out of the log, signed. */
const exportEvents: CliCommand = {
  name: 'audit:export',
  description: 'write events of the audit log to a file or to stdout, oldest first, with a signature of their digest',
  define: (command) =>
    withOperator(withFilter(command))
      .option('--format <format>', `${auditExportFormats.join(' or ')} (default: by the name of the file)`)
      .option('--out <file>', 'a file that is not there yet; its signature goes to <file>.jws'),
  run: async (_args, options, io) => {
    const actor = operatorOf(options, io)
    const out = typeof options.out === 'string' ? options.out : undefined
    const format = formatOf(options.format, out)
    if (!out && options.json === true) throw new UsageError('With --json, name a file with --out.')
    return await withServices(io, async ({ operation: { auditLookUps } }) => {
      const read = await readFilter(auditLookUps, options)
      const sink = out === undefined ? { write: io.out, end: async () => {} } : await openFile(out)
      const pieces = auditLookUps.export({ ...read, format }, actor)
      let piece = await pieces.next()
      for (; !piece.done; piece = await pieces.next()) await sink.write(piece.value)
      await sink.end()
      const signature = await auditLookUps.sign(piece.value)
      const { count, digest, exportId } = piece.value
      if (!out) return besideOutput(io, signature)
      await writeFile(`${out}.jws`, `${signature}\n`, { flag: 'wx', mode: 0o600 })
      const text = `${count} events are in ${out}, their signature in ${out}.jws. SHA-256: ${digest}`
      return { exitCode: 0, text, json: { exportId, format, count, digest, file: out, signature } }
    })
  },
}

function formatOf(given: unknown, out: string | undefined): AuditExportFormat {
  const wanted = given ?? (out?.endsWith('.csv') ? 'csv' : 'jsonl')
  const format = auditExportFormats.find((each) => each === wanted)
  if (!format) throw new UsageError(`--format must be ${auditExportFormats.join(' or ')}.`)
  return format
}

/** Output is the export alone, byte by byte what was signed. */
function besideOutput(io: CliIo, signature: string) {
  io.err(`Signature: ${signature}\n`)
  return { exitCode: 0 as const, text: '', json: {} }
}

/** @throws UsageError when the file cannot be made, or is there */
async function openFile(path: string) {
  const stream = createWriteStream(path, { flags: 'wx', mode: 0o600 })
  await once(stream, 'open').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${path} cannot be written (${error.code}).`)
  })
  return {
    async write(text: string): Promise<void> {
      if (!stream.write(text)) await once(stream, 'drain')
    },
    async end(): Promise<void> {
      stream.end()
      await once(stream, 'close')
    },
  }
}

export const auditLookUpCommands: CliCommand[] = [list, exportEvents]
