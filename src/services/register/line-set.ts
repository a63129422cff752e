/** Creates a set of line numbers that takes one bit a line: half a megabyte for a file of several million members. */
export function createLineSet() {
  let bits = new Uint8Array(1024)
  let size = 0
  return {
    add(line: number): void {
      const index = line >>> 3
      if (index >= bits.length) {
        const larger = new Uint8Array(Math.max(index + 1, bits.length * 2))
        larger.set(bits)
        bits = larger
      }
      const before = bits[index] ?? 0
      const after = before | (1 << (line & 7))
      if (after !== before) size++
      bits[index] = after
    },
    has: (line: number): boolean => ((bits[line >>> 3] ?? 0) & (1 << (line & 7))) !== 0,
    get size(): number {
      return size
    },
  }
}

export type LineSet = ReturnType<typeof createLineSet>
