const pattern = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/

/** Adds an ISO 8601 duration (`P29D`, `PT10M`, `P3M`) to an instant; `null` when it is none. */
export function addDuration(at: Date, duration: string): Date | null {
  const match = pattern.exec(duration)
  if (!match || duration === 'P' || duration.endsWith('T')) return null
  const [years, months, weeks, days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const moved = new Date(at)
  moved.setUTCMonth(moved.getUTCMonth() + years * 12 + months)
  return new Date(moved.getTime() + ((weeks * 7 + days) * 86_400 + hours * 3_600 + minutes * 60 + seconds) * 1000)
}
