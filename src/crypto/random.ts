import { randomBytes, randomInt } from 'node:crypto'

/** Cryptographic randomness, handed in as an argument so that tests can choose it. */
export type Random = {
  bytes(length: number): Uint8Array
  /** A whole number from 0 to `max` - 1, without modulo bias. */
  int(max: number): number
  /** 256 random bits in base64url: activation links, browser ids, journey ids. */
  token(): string
}

/** Creates the random source of the operating system. */
export function createRandom(): Random {
  return {
    bytes: (length) => new Uint8Array(randomBytes(length)),
    int: (max) => randomInt(max),
    token: () => randomBytes(32).toString('base64url'),
  }
}
