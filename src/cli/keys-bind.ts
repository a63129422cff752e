import { createUnboundDecryption } from '../gateways/unbound-decryption.ts'
import { bindDatabase } from '../services/binding.ts'
import { createBindingStore } from '../stores/bindings.ts'
import { withContext } from './context.ts'
import type { CliCommand } from './frame.ts'

/** Rewrites a database from before its values were bound to their rows; once, with every process stopped. */
export const keysBind: CliCommand = {
  name: 'keys:bind',
  description:
    'bind the values of a database from before to their rows, once, while no process runs (docs/operate/upgrade.md)',
  run: (_args, _options, io) =>
    withContext(
      io,
      async ({ config, database, protection, stores, transaction, clock }) => {
        const running = (await stores.keyRings.living()).map(({ process }) => process)
        if (running.length > 0) {
          const text = `Stop every process first, and wait two minutes for one that died: ${running.join(', ')}.`
          return { exitCode: 1, text, json: { result: 'running', running } }
        }
        const unbound = createUnboundDecryption(config.secrets.encryptionKeys)
        const bindings = createBindingStore(database, protection, unbound)
        const { hash } = protection
        const outcome = await bindDatabase({ database, bindings, transaction, hash, clock })
        if (outcome.result === 'bound_before') {
          const text =
            'This database was bound before. A value that does not open now was altered or moved: see doctor.'
          return { exitCode: 1, text, json: outcome }
        }
        if (outcome.result === 'audit_broken') {
          const text = `Nothing was done: the audit log is broken at row ${outcome.id}. Verify it with the version before.`
          return { exitCode: 1, text, json: outcome }
        }
        const { values, events, unreadable } = outcome
        const text = [`${values} values are bound to their rows, ${events} audit events have new digests.`]
        if (unreadable.length > 0) text.push(`Not readable, and left as they are: ${unreadable.join(', ')}.`)
        return { exitCode: unreadable.length > 0 ? 1 : 0, text: text.join('\n'), json: outcome }
      },
      { anyKeys: true },
    ),
}
