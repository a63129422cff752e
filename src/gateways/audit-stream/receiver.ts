import { readFile } from 'node:fs/promises'
import { createHttpReceiver } from './http.ts'
import type { AuditReceiver, ReceiverSettings, TlsFiles } from './stream.ts'
import { createSyslogReceiver } from './syslog.ts'

/** Creates the way to a receiver; the scheme of its address says which. */
export function createAuditReceiver(settings: ReceiverSettings): AuditReceiver {
  const deliver = settings.url.protocol.startsWith('syslog')
    ? createSyslogReceiver(settings)
    : createHttpReceiver(settings)
  return {
    send: (events) =>
      readTls(settings.files)
        .then((tls) => deliver(events, tls))
        .catch((error: Error) => ({ fault: faultOf(error) })),
  }
}

async function readTls(files: TlsFiles): Promise<TlsFiles> {
  const given = Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(await Promise.all(given.map(async ([name, path]) => [name, await readFile(path, 'utf8')])))
}

/** The code of a fault of file, connection or TLS; whatever else it says may hold what was sent. */
const faultOf = (error: Error & { code?: unknown }): string =>
  ['AbortError', 'TimeoutError'].includes(error.name) ? 'timeout' : String(error.code ?? error.name)
