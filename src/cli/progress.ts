import type { CliIo } from './frame.ts'

/** Creates a progress bar on stderr; silent where stderr is no terminal. `share` is 0–1. */
export function createProgress({ err, progressWidth }: CliIo) {
  let shown = ''
  return {
    show(share: number, note: string): void {
      if (!progressWidth) return
      const room = Math.max(10, Math.min(40, progressWidth - note.length - 10))
      const filled = Math.round(Math.min(1, share) * room)
      const percent = String(Math.floor(Math.min(1, share) * 100)).padStart(3)
      const bar = `[${'#'.repeat(filled)}${'-'.repeat(room - filled)}] ${percent} % ${note}`.slice(0, progressWidth - 1)
      if (bar !== shown) err(`\r${bar}`)
      shown = bar
    },
    /** Clears the line. */
    end(): void {
      if (progressWidth && shown) err(`\r${' '.repeat(shown.length)}\r`)
      shown = ''
    },
  }
}
