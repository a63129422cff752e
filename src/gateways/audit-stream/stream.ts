/** An event on its way out; `json` is what an export would hold of it, with the chain value of its place. */
export type StreamedEvent = { position: number; at: Date; type: string; json: string }

/** `fault`: a word that says why, without anything of what the receiver sent: `http_503`, `timeout`, `ECONNREFUSED`. */
export type ReceiverAnswer = 'taken' | { fault: string }

/** Takes events in their order. `taken` only when all of them have arrived; after a fault any of them may have. */
export type AuditReceiver = { send(events: readonly StreamedEvent[]): Promise<ReceiverAnswer> }

/** PEM files that make up TLS towards the receiver. */
export type TlsFiles = { ca?: string | undefined; cert?: string | undefined; key?: string | undefined }

export type ReceiverSettings = {
  url: URL
  token?: string | undefined
  files: TlsFiles
  /** Names this installation in messages of syslog. */
  hostname: string
  /** Milliseconds that the receiver has for one delivery. */
  timeout: number
}
