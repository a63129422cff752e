import type { Config } from '../../config.ts'
import { formatKeyRing, type KeyRing } from '../../crypto/key-ring.ts'
import { settingOf } from '../../services/keys/key-rings.ts'
import {
  describeStep,
  type KeyRotationService,
  type RingChange,
  rotationSteps,
} from '../../services/keys/key-rotation.ts'
import type { RingName } from '../../stores/keys/key-rings.ts'
import { type CliCommand, type CliIo, type CliResult, UsageError } from '../frame.ts'
import { replaceSecret, writeNewSecret } from '../key-file.ts'
import { withServices } from '../with-services.ts'

/** Tells the next step of a rotation, or takes it (docs/operate/keys.md). */
export const keysRotate: CliCommand = {
  name: 'keys:rotate',
  description:
    'tell the next step of a rotation, or take it: keys:rotate encryption add; exit code 1 when it must wait',
  define: (command) =>
    command
      .argument('<ring>', 'encryption, hash, cookie, or signing (publishes the next signing keys)')
      .argument('[step]', 'add, use or remove; without it the next step is told')
      .option('--out <file>', 'write the new list of keys to a new file, readable by its owner only')
      .option('--stdout', 'print the new list of keys'),
  async run([ring = '', step], options, io) {
    if (ring === 'signing') return await publishSigningKeys(io)
    if (!(ring in settingOf)) throw new UsageError('The ring is encryption, hash, cookie or signing.')
    if (step !== undefined && !rotationSteps.includes(step as RingChange))
      throw new UsageError('The step is add, use or remove.')
    const work: Work = ({ keys }, { config }) =>
      rotate(keys.keyRotation, { ring: ring as RingName, step: step as RingChange, config, options, io })
    return await withServices(io, work, { anyKeys: true })
  },
}

type Work = Parameters<typeof withServices<CliResult>>[1]

type Given = {
  ring: RingName
  step: RingChange | undefined
  config: Config
  options: Record<string, unknown>
  io: CliIo
}

async function rotate(rotation: KeyRotationService, given: Given): Promise<CliResult> {
  const { ring, step } = given
  if (!step) {
    const next = await rotation.next(ring)
    return { exitCode: 0, text: describeStep(ring, next), json: { ring, next } }
  }
  const target = chooseTarget(given)
  const done = await rotation.change(ring, step, target.store)
  if ('refused' in done) return { exitCode: 1, text: done.refused, json: { ring, step, refused: done.refused } }
  const keys = done.ring.map(({ kid }) => kid)
  const text = `${target.said}\n${afterStep(step, done.kid)}`
  return { exitCode: 0, text, json: { ring, step, kid: done.kid, keys, ...target.json() } }
}

/** Where the new list goes: the file that the setting names, a new file, or the terminal when asked. */
function chooseTarget({ ring, config, options, io }: Given) {
  const setting = settingOf[ring]
  const file = config.variables[setting] ? undefined : config.variables[`${setting}_FILE`]
  const old = formatKeyRing(config.secrets[`${ring}Keys`])
  let printed: string | undefined
  const json = () => (printed === undefined ? {} : { list: printed })
  if (options.out !== undefined) {
    const out = String(options.out)
    const store = (ring: KeyRing) => writeNewSecret(out, formatKeyRing(ring))
    return { store, json, said: `The new list is in ${out}. Set ${setting} to it everywhere and delete the file.` }
  }
  if (options.stdout === true) {
    const store = async (ring: KeyRing) => {
      printed = formatKeyRing(ring)
      if (!options.json) io.out(`${printed}\n`)
    }
    return { store, json, said: `Set ${setting} to this list everywhere.` }
  }
  if (!file)
    throw new UsageError(`${setting} is not read from a file. Name a new file with --out, or --stdout to see the list.`)
  return {
    store: (ring: KeyRing) => replaceSecret(file, old, formatKeyRing(ring)),
    json,
    said: `${file} holds the new list. Give it to every machine.`,
  }
}

function afterStep(step: RingChange, kid: string): string {
  if (step === 'add')
    return `Restart the processes one after the other: each then reads the key ${kid}. After that: use.`
  if (step === 'use')
    return `Restart the processes one after the other: each then writes with the key ${kid}. Rows are rewritten by themselves.`
  return `Restart the processes one after the other. Backups of before need the key ${kid}: keep it as long as they are kept.`
}

const publishSigningKeys = (io: CliIo): Promise<CliResult> =>
  withServices(io, async ({ keys: { signingKeys } }, { config }) => {
    const published = await signingKeys.publishNext()
    const hours = config.keys.signing.publishAheadHours
    const text =
      published.length === 0
        ? `The next signing keys are published already; they sign by themselves ${hours} hours after they were.`
        : `The next signing keys are published (${published.join(', ')}). They sign by themselves in ${hours} hours.`
    return { exitCode: 0, text, json: { published } }
  })
