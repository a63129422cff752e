import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { argon2id, hash, verify } from 'argon2'
import { parse } from 'yaml'
import { thisTree } from './subjects/revision.ts'

/**
 * Measures how many passwords the machine can verify per second with all cores and nothing else to do: no sign-in with a
 * password can be faster. Settings of `config/limits.yaml`; `seconds` of measuring.
 */
export async function measureArgon2Floor(seconds: number): Promise<number> {
  const limits = parse(await readFile(join(thisTree, 'config/limits.yaml'), 'utf8'))
  const { memoryKiB: memoryCost, iterations: timeCost, parallelism } = limits.argon2
  const hashed = await hash('Wiesengrund-7-Almhuette', { type: argon2id, memoryCost, timeCost, parallelism })
  const begin = performance.now()
  const end = begin + seconds * 1000
  let verified = 0
  const lane = async () => {
    while (performance.now() < end) {
      await verify(hashed, 'Wiesengrund-7-Almhuette')
      verified++
    }
  }
  // Not more lanes than threads of libuv's pool have cores to run on: waiting adds nothing.
  await Promise.all(Array.from({ length: availableParallelism() }, lane))
  return verified / ((performance.now() - begin) / 1000)
}
