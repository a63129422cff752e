/**
 * Remembers on which line of a file each insurance number stood: about 16 bytes a number, so that a file of
 * several million members still fits. The nine characters before the check digit are a number below 2^32.
 */
export function createSeenNumbers() {
  let slots = 1 << 12
  let keys = new Uint32Array(slots)
  let lines = new Uint32Array(slots)
  let size = 0

  /** Open addressing: the slot of this key, or the free one where it belongs. */
  function slotOf(key: number): number {
    let slot = Math.imul(key, 0x9e3779b1) >>> 0
    do slot = (slot + 1) & (slots - 1)
    while (lines[slot] !== 0 && keys[slot] !== key)
    return slot
  }

  function grow(): void {
    const [oldKeys, oldLines] = [keys, lines]
    slots *= 2
    keys = new Uint32Array(slots)
    lines = new Uint32Array(slots)
    oldLines.forEach((line, index) => {
      if (line !== 0) put(oldKeys[index] ?? 0, line)
    })
  }

  function put(key: number, line: number): void {
    const slot = slotOf(key)
    keys[slot] = key
    lines[slot] = line
  }

  return {
    /** Notes a valid insurance number with its line (from 1); gives the line where it stood before, if it did. */
    note(insuranceNumber: string, line: number): number | undefined {
      const key = (insuranceNumber.charCodeAt(0) - 65) * 1e8 + Number(insuranceNumber.slice(1, 9))
      const before = lines[slotOf(key)]
      if (before) return before
      if (++size > slots / 2) grow()
      put(key, line)
      return undefined
    },
  }
}
