import type { CliResult } from '../frame.ts'

/** When a change counts. */
export const seen = 'Every process goes by it within 5 seconds.'

/** The answer for a client id that nobody has. */
export const unknown = (clientId: string): CliResult => ({
  exitCode: 1,
  text: `${clientId}: nobody has this client id; see clients:list.`,
  json: { error: 'unknown', clientId },
})
